#include "faces.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <dlib/image_processing/shape_predictor.h>
#include <dlib/image_transforms.h>
#include <dlib/serialize.h>

#include "images.hpp"

namespace vd {

namespace {

class dlib_shape : public shape {
public:
    explicit dlib_shape(const char *path) { dlib::deserialize(path) >> predictor; }

    int point_count() const override { return (int)predictor.num_parts(); }

    void find(const vd_image &image, const vd_box &box, vd_point *points) const override
    {
        if (!(box.right - box.left >= 1 && box.bottom - box.top >= 1))
            throw std::invalid_argument("the box of the face is empty");
        const dlib::rectangle rect((long)box.left, (long)box.top, (long)box.right - 1, (long)box.bottom - 1);
        const dlib::full_object_detection found =
            image.channels == 3 ? predictor(rgb_view(image), rect) : predictor(luma_view(image), rect);
        for (unsigned long i = 0; i < found.num_parts(); ++i)
            points[i] = vd_point{ (double)found.part(i).x(), (double)found.part(i).y() };
    }

private:
    dlib::shape_predictor predictor;
};

dlib::chip_details details(const vd_point *points, int point_count, int size, double padding)
{
    if ((point_count != 5 && point_count != 68) || size < 1 || !(padding >= 0))
        throw std::invalid_argument("a chip takes 5 or 68 landmarks, a size and a padding");
    const auto distance = [](const vd_point &a, const vd_point &b) {
        return std::fabs(a.x - b.x) + std::fabs(a.y - b.y);
    };
    double spread = 0;
    for (int i = 1; i < point_count; ++i)
        spread = std::max(spread, distance(points[0], points[i]));
    if (!(spread >= 1 && spread < 1e6))
        throw std::invalid_argument("the landmarks lie in one point");
    std::vector<dlib::point> parts;
    for (int i = 0; i < point_count; ++i)
        parts.emplace_back((long)points[i].x, (long)points[i].y);
    return dlib::get_face_chip_details(dlib::full_object_detection(dlib::rectangle(), parts), (unsigned long)size,
                                       padding);
}

}

std::unique_ptr<shape> load_shape(const char *path) { return std::make_unique<dlib_shape>(path); }

void cut_chip(const vd_image &image, const vd_point *points, int point_count, int size, double padding,
              unsigned char *rgb)
{
    const dlib::chip_details where = details(points, point_count, size, padding);
    if (image.channels == 3) {
        dlib::matrix<dlib::rgb_pixel> chip;
        dlib::extract_image_chip(rgb_view(image), where, chip);
        for (const dlib::rgb_pixel &pixel : chip) {
            *rgb++ = pixel.red;
            *rgb++ = pixel.green;
            *rgb++ = pixel.blue;
        }
    } else {
        dlib::matrix<unsigned char> chip;
        dlib::extract_image_chip(luma_view(image), where, chip);
        for (const unsigned char pixel : chip)
            for (int i = 0; i < 3; ++i)
                *rgb++ = pixel;
    }
}

void map_to_chip(const vd_point *points, int point_count, int size, double padding, vd_point *in_chip)
{
    const dlib::point_transform_affine map = dlib::get_mapping_to_chip(details(points, point_count, size, padding));
    for (int i = 0; i < point_count; ++i) {
        const dlib::dpoint p = map(dlib::dpoint(points[i].x, points[i].y));
        in_chip[i] = vd_point{ p.x(), p.y() };
    }
}

}
