#include "faces.hpp"

#include <dlib/dnn.h>
#include <dlib/image_transforms.h>
#include <dlib/rand.h>

#include "images.hpp"

namespace vd {

namespace {

/* The networks are those of dlib's examples dnn_face_recognition_ex.cpp and dnn_mmod_face_detection_ex.cpp. */
template <template <int, template <typename> class, int, typename> class block, int N,
          template <typename> class BN, typename SUBNET>
using residual = dlib::add_prev1<block<N, BN, 1, dlib::tag1<SUBNET>>>;
template <template <int, template <typename> class, int, typename> class block, int N,
          template <typename> class BN, typename SUBNET>
using residual_down =
    dlib::add_prev2<dlib::avg_pool<2, 2, 2, 2, dlib::skip1<dlib::tag2<block<N, BN, 2, dlib::tag1<SUBNET>>>>>>;
template <int N, template <typename> class BN, int stride, typename SUBNET>
using block = BN<dlib::con<N, 3, 3, 1, 1, dlib::relu<BN<dlib::con<N, 3, 3, stride, stride, SUBNET>>>>>;
template <int N, typename SUBNET> using ares = dlib::relu<residual<block, N, dlib::affine, SUBNET>>;
template <int N, typename SUBNET> using ares_down = dlib::relu<residual_down<block, N, dlib::affine, SUBNET>>;
template <typename SUBNET> using alevel0 = ares_down<256, SUBNET>;
template <typename SUBNET> using alevel1 = ares<256, ares<256, ares_down<256, SUBNET>>>;
template <typename SUBNET> using alevel2 = ares<128, ares<128, ares_down<128, SUBNET>>>;
template <typename SUBNET> using alevel3 = ares<64, ares<64, ares<64, ares_down<64, SUBNET>>>>;
template <typename SUBNET> using alevel4 = ares<32, ares<32, ares<32, SUBNET>>>;
using resnet = dlib::loss_metric<dlib::fc_no_bias<
    128,
    dlib::avg_pool_everything<alevel0<alevel1<alevel2<alevel3<alevel4<dlib::max_pool<
        3, 3, 2, 2,
        dlib::relu<dlib::affine<dlib::con<32, 7, 7, 2, 2, dlib::input_rgb_image_sized<150>>>>>>>>>>>>>;

template <long N, typename SUBNET> using con5d = dlib::con<N, 5, 5, 2, 2, SUBNET>;
template <long N, typename SUBNET> using con5 = dlib::con<N, 5, 5, 1, 1, SUBNET>;
template <typename SUBNET>
using downsampler = dlib::relu<dlib::affine<con5d<
    32, dlib::relu<dlib::affine<con5d<32, dlib::relu<dlib::affine<con5d<16, SUBNET>>>>>>>>>;
template <typename SUBNET> using rcon5 = dlib::relu<dlib::affine<con5<45, SUBNET>>>;
using mmod = dlib::loss_mmod<dlib::con<
    1, 9, 9, 1, 1,
    rcon5<rcon5<rcon5<downsampler<dlib::input_rgb_image_pyramid<dlib::pyramid_down<6>>>>>>>>;

class dlib_encoder : public encoder {
public:
    explicit dlib_encoder(const char *path) { dlib::deserialize(path) >> net; }

    void encode(const unsigned char *chip, int jitters, float *numbers) override
    {
        dlib::matrix<dlib::rgb_pixel> face(150, 150);
        for (dlib::rgb_pixel &pixel : face) {
            pixel = dlib::rgb_pixel(chip[0], chip[1], chip[2]);
            chip += 3;
        }
        dlib::matrix<float, 0, 1> encoding;
        if (jitters <= 1) {
            encoding = net(face);
        } else {
            /* Begun anew each time, so that a face always gets the same numbers. */
            dlib::rand random;
            std::vector<dlib::matrix<dlib::rgb_pixel>> moved;
            for (int i = 0; i < jitters; ++i)
                moved.push_back(dlib::jitter_image(face, random));
            encoding = dlib::mean(dlib::mat(net(moved, 16)));
        }
        std::copy(encoding.begin(), encoding.end(), numbers);
    }

private:
    resnet net;
};

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

std::unique_ptr<encoder> load_encoder(const char *path) { return std::make_unique<dlib_encoder>(path); }
std::unique_ptr<cnn> load_cnn(const char *path) { return std::make_unique<dlib_cnn>(path); }

}
