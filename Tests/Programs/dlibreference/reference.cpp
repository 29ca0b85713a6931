#include "CDlibReference.h"

#include <dlib/dnn.h>
#include <dlib/image_processing.h>
#include <dlib/image_processing/frontal_face_detector.h>
#include <dlib/image_transforms.h>

#include <memory>
#include <string>

using namespace dlib;

namespace {

/* The network of dlib's examples/dnn_face_recognition_ex.cpp. */
template <template <int, template <typename> class, int, typename> class block, int N,
          template <typename> class BN, typename SUBNET>
using residual = add_prev1<block<N, BN, 1, tag1<SUBNET>>>;
template <template <int, template <typename> class, int, typename> class block, int N,
          template <typename> class BN, typename SUBNET>
using residual_down = add_prev2<avg_pool<2, 2, 2, 2, skip1<tag2<block<N, BN, 2, tag1<SUBNET>>>>>>;
template <int N, template <typename> class BN, int stride, typename SUBNET>
using block = BN<con<N, 3, 3, 1, 1, relu<BN<con<N, 3, 3, stride, stride, SUBNET>>>>>;
template <int N, typename SUBNET> using ares = relu<residual<block, N, affine, SUBNET>>;
template <int N, typename SUBNET> using ares_down = relu<residual_down<block, N, affine, SUBNET>>;
template <typename SUBNET> using alevel0 = ares_down<256, SUBNET>;
template <typename SUBNET> using alevel1 = ares<256, ares<256, ares_down<256, SUBNET>>>;
template <typename SUBNET> using alevel2 = ares<128, ares<128, ares_down<128, SUBNET>>>;
template <typename SUBNET> using alevel3 = ares<64, ares<64, ares<64, ares_down<64, SUBNET>>>>;
template <typename SUBNET> using alevel4 = ares<32, ares<32, ares<32, SUBNET>>>;
using anet_type = loss_metric<fc_no_bias<
    128, avg_pool_everything<alevel0<alevel1<alevel2<alevel3<alevel4<max_pool<
             3, 3, 2, 2, relu<affine<con<32, 7, 7, 2, 2, input_rgb_image_sized<150>>>>>>>>>>>>>;

/* That of examples/dnn_mmod_face_detection_ex.cpp. */
template <long N, typename SUBNET> using con5d = con<N, 5, 5, 2, 2, SUBNET>;
template <long N, typename SUBNET> using con5 = con<N, 5, 5, 1, 1, SUBNET>;
template <typename SUBNET>
using downsampler = relu<affine<con5d<32, relu<affine<con5d<32, relu<affine<con5d<16, SUBNET>>>>>>>>>;
template <typename SUBNET> using rcon5 = relu<affine<con5<45, SUBNET>>>;
using mmod_type = loss_mmod<
    con<1, 9, 9, 1, 1, rcon5<rcon5<rcon5<downsampler<input_rgb_image_pyramid<pyramid_down<6>>>>>>>>;

template <typename image> image copied(const uint8_t *pixels, int width, int height);

template <>
array2d<unsigned char> copied<array2d<unsigned char>>(const uint8_t *pixels, int width, int height)
{
    array2d<unsigned char> image(height, width);
    for (auto &pixel : image)
        pixel = *pixels++;
    return image;
}

template <> array2d<rgb_pixel> copied<array2d<rgb_pixel>>(const uint8_t *pixels, int width, int height)
{
    array2d<rgb_pixel> image(height, width);
    for (auto &pixel : image) {
        pixel = rgb_pixel(pixels[0], pixels[1], pixels[2]);
        pixels += 3;
    }
    return image;
}

}

struct vr_reference {
    frontal_face_detector hog = get_frontal_face_detector();
    shape_predictor shape;
    anet_type encoder;
    mmod_type cnn;
};

template <typename image>
static int hog(vr_reference *reference, image picture, int upsampling, double adjust, vr_face *faces, int room)
{
    pyramid_down<2> pyramid;
    for (int i = 0; i < upsampling; ++i)
        pyramid_up(picture, pyramid);
    std::vector<rect_detection> found;
    reference->hog(picture, found, adjust);
    int count = 0;
    for (const rect_detection &one : found) {
        const rectangle r = pyramid.rect_down(one.rect, (unsigned)upsampling);
        if (count < room)
            faces[count++] = vr_face{ r.left(), r.top(), r.right(), r.bottom(), one.detection_confidence };
    }
    return count;
}

vr_reference *vr_new(const char *folder)
{
    try {
        auto made = std::make_unique<vr_reference>();
        const std::string prefix = std::string(folder) + "/";
        deserialize(prefix + "shape_predictor_5_face_landmarks.dat") >> made->shape;
        deserialize(prefix + "dlib_face_recognition_resnet_model_v1.dat") >> made->encoder;
        deserialize(prefix + "mmod_human_face_detector.dat") >> made->cnn;
        return made.release();
    } catch (...) {
        return nullptr;
    }
}

void vr_free(vr_reference *reference) { delete reference; }

int vr_hog(vr_reference *reference, const uint8_t *pixels, int width, int height, int channels, int upsampling,
           double adjust_threshold, vr_face *faces, int room)
{
    try {
        return channels == 1 ? hog(reference, copied<array2d<unsigned char>>(pixels, width, height), upsampling,
                                   adjust_threshold, faces, room)
                             : hog(reference, copied<array2d<rgb_pixel>>(pixels, width, height), upsampling,
                                   adjust_threshold, faces, room);
    } catch (...) {
        return -1;
    }
}

int vr_cnn(vr_reference *reference, const uint8_t *pixels, int width, int height, int channels, int upsampling,
           vr_face *faces, int room)
{
    try {
        matrix<rgb_pixel> picture;
        if (channels == 1)
            assign_image(picture, copied<array2d<unsigned char>>(pixels, width, height));
        else
            assign_image(picture, copied<array2d<rgb_pixel>>(pixels, width, height));
        pyramid_down<2> pyramid;
        for (int i = 0; i < upsampling; ++i)
            pyramid_up(picture, pyramid);
        int count = 0;
        for (const mmod_rect &one : reference->cnn(picture)) {
            const rectangle r = pyramid.rect_down(one.rect, (unsigned)upsampling);
            if (count < room)
                faces[count++] = vr_face{ r.left(), r.top(), r.right(), r.bottom(), one.detection_confidence };
        }
        return count;
    } catch (...) {
        return -1;
    }
}

int vr_encode(vr_reference *reference, const uint8_t *rgb, int width, int height, const vr_face *face,
              double *points, float *numbers)
{
    try {
        const array2d<rgb_pixel> picture = copied<array2d<rgb_pixel>>(rgb, width, height);
        const full_object_detection shape =
            reference->shape(picture, rectangle(face->left, face->top, face->right, face->bottom));
        for (unsigned long i = 0; i < shape.num_parts(); ++i) {
            *points++ = (double)shape.part(i).x();
            *points++ = (double)shape.part(i).y();
        }
        matrix<rgb_pixel> chip;
        extract_image_chip(picture, get_face_chip_details(shape, 150, 0.25), chip);
        for (float number : reference->encoder(chip))
            *numbers++ = number;
        return 128;
    } catch (...) {
        return -1;
    }
}
