/* vd_image as dlib's generic images, without copying. For code that uses dlib under its own name. */
#pragma once
#include <dlib/array2d.h>
#include <dlib/pixel.h>

#include "CDlib.h"

namespace vd {

template <typename pixel> struct view {
    const unsigned char *data = nullptr;
    long rows = 0, columns = 0, step = 0;

    view(const vd_image &image) : data(image.pixels), rows(image.height), columns(image.width), step(image.stride) {}
};
template <typename pixel> long num_rows(const view<pixel> &image) { return image.rows; }
template <typename pixel> long num_columns(const view<pixel> &image) { return image.columns; }
template <typename pixel> long width_step(const view<pixel> &image) { return image.step; }
template <typename pixel> const void *image_data(const view<pixel> &image) { return image.data; }

typedef view<unsigned char> luma_view;
typedef view<dlib::rgb_pixel> rgb_view;

}

namespace dlib {
template <typename pixel> struct image_traits<vd::view<pixel>> { typedef pixel pixel_type; };
template <typename pixel> struct image_traits<const vd::view<pixel>> { typedef pixel pixel_type; };
}
