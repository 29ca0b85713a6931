#include "faces.hpp"

#include <dlib/dnn.h>
#include <dlib/image_transforms.h>

#include "images.hpp"

namespace vd {

namespace {

/* The network is that of dlib's example dnn_mmod_face_detection_ex.cpp. */
template <long N, typename SUBNET> using con5d = dlib::con<N, 5, 5, 2, 2, SUBNET>;
template <long N, typename SUBNET> using con5 = dlib::con<N, 5, 5, 1, 1, SUBNET>;
template <typename SUBNET>
using downsampler = dlib::relu<dlib::affine<con5d<
    32, dlib::relu<dlib::affine<con5d<32, dlib::relu<dlib::affine<con5d<16, SUBNET>>>>>>>>>;
template <typename SUBNET> using rcon5 = dlib::relu<dlib::affine<con5<45, SUBNET>>>;
using mmod = dlib::loss_mmod<dlib::con<
    1, 9, 9, 1, 1,
    rcon5<rcon5<rcon5<downsampler<dlib::input_rgb_image_pyramid<dlib::pyramid_down<6>>>>>>>>;

class dlib_cnn : public cnn {
public:
    explicit dlib_cnn(const char *path) { dlib::deserialize(path) >> net; }

    void detect(const vd_image &image, int upsampling, double adjust_threshold,
                std::vector<vd_detection> &found) override
    {
        found.clear();
        /* Nothing that the network sees fits in; dlib ends the process at the second picture that is too small
         * for its filters. */
        if ((long)std::min(image.width, image.height) << upsampling < size_min)
            return;
        dlib::matrix<dlib::rgb_pixel> picture;
        if (image.channels == 3)
            dlib::assign_image(picture, rgb_view(image));
        else
            dlib::assign_image(picture, luma_view(image));
        for (int i = 0; i < upsampling; ++i)
            dlib::pyramid_up(picture);
        const dlib::pyramid_down<2> halver;
        for (const dlib::mmod_rect &one : net.process(picture, adjust_threshold)) {
            const dlib::rectangle rect = halver.rect_down(one.rect, (unsigned)upsampling);
            found.push_back(vd_detection{ { (double)rect.left(), (double)rect.top(), (double)rect.right() + 1,
                                              (double)rect.bottom() + 1 },
                                          one.detection_confidence, 0 });
        }
    }

private:
    static constexpr long size_min = 32;
    mmod net;
};

}

std::unique_ptr<cnn> load_cnn(const char *path) { return std::make_unique<dlib_cnn>(path); }

}
