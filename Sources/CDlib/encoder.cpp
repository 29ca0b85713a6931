#include "faces.hpp"

#include <cblas.h>
#include <dlib/dnn.h>
#include <dlib/image_transforms.h>
#include <dlib/rand.h>

#include <algorithm>
#include <stdexcept>

namespace vd {

namespace {

/* The network is that of dlib's example dnn_face_recognition_ex.cpp: a ResNet of 29 convolutions. dlib reads the
 * file; the numbers are then computed here, for dlib spends more time on laying out its matrices, one pixel after
 * the other, and on passing over each layer's output again, than on multiplying them. */
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

constexpr int chip_side = 150, numbers_count = 128;
/* Residual blocks by the channels that they make; the first of all but the first row halves the picture. */
constexpr struct { int channels, blocks; } levels[] = { { 32, 3 }, { 64, 4 }, { 128, 3 }, { 256, 3 }, { 256, 1 } };

/* A convolution with the affine layer after it, in one. Filters: outputs × (inputs × size × size). */
struct convolution {
    int inputs = 0, outputs = 0, size = 0, stride = 1, padding = 0;
    std::vector<float> filters, offsets;
};

/* Channels of height × width values each. */
struct planes {
    int channels = 0, height = 0, width = 0;
    std::vector<float> values;

    size_t area() const { return (size_t)height * (size_t)width; }
    float *channel(int k) { return values.data() + (size_t)k * area(); }
    const float *channel(int k) const { return values.data() + (size_t)k * area(); }
    void reset(int k, int h, int w)
    {
        channels = k;
        height = h;
        width = w;
        values.resize((size_t)k * area());
    }
};

struct parameters {
    std::vector<convolution> convolutions;
    /* 256 × 128 */
    std::vector<float> last;
};

/* Takes the layers' parameters, which dlib visits from the last to the first. dlib copies its visitors. */
class collector {
public:
    explicit collector(parameters &found) : found(found) {}

    template <long outputs, long rows, long columns, int stride_y, int stride_x, int pad_y, int pad_x>
    void operator()(dlib::con_<outputs, rows, columns, stride_y, stride_x, pad_y, pad_x> &layer)
    {
        static_assert(rows == columns && stride_y == stride_x && pad_y == pad_x, "all are squares");
        const dlib::tensor &params = layer.get_layer_params();
        convolution made;
        made.outputs = (int)outputs;
        made.size = (int)rows;
        made.stride = stride_y;
        made.padding = pad_y;
        const bool has_bias = !layer.bias_is_disabled();
        const size_t all = params.size() - (has_bias ? (size_t)outputs : 0);
        made.inputs = (int)(all / (size_t)(outputs * rows * columns));
        if (made.inputs < 1 || all != (size_t)made.inputs * (size_t)(outputs * rows * columns))
            throw std::runtime_error("a convolution of it has not as many numbers as it must have");
        const float *from = params.host();
        made.filters.assign(from, from + all);
        made.offsets.assign((size_t)outputs, 0);
        if (has_bias)
            made.offsets.assign(from + all, from + params.size());
        fold(made);
        found.convolutions.push_back(std::move(made));
    }

    void operator()(dlib::affine_ &layer) { affine = &layer; }

    template <unsigned long outputs, dlib::fc_bias_mode mode> void operator()(dlib::fc_<outputs, mode> &layer)
    {
        const dlib::tensor &params = layer.get_layer_params();
        found.last.assign(params.host(), params.host() + params.size());
    }

    template <typename layer> void operator()(layer &) {}

private:
    parameters &found;
    dlib::affine_ *affine = nullptr;

    /* The affine layer, which keeps its numbers to itself, is asked what it makes of zeros and of ones. */
    void fold(convolution &made)
    {
        if (!affine)
            throw std::runtime_error("a convolution of it has no affine layer");
        dlib::resizable_tensor in(1, made.outputs, 1, 1), scale(in), offset(in);
        in = 0;
        affine->forward_inplace(in, offset);
        in = 1;
        affine->forward_inplace(in, scale);
        affine = nullptr;
        const size_t taps = made.filters.size() / (size_t)made.outputs;
        for (size_t k = 0; k < (size_t)made.outputs; ++k) {
            const float factor = scale.host()[k] - offset.host()[k];
            for (size_t i = 0; i < taps; ++i)
                made.filters[k * taps + i] *= factor;
            made.offsets[k] = made.offsets[k] * factor + offset.host()[k];
        }
    }
};

class resnet_encoder : public encoder {
public:
    explicit resnet_encoder(const char *path)
    {
        resnet net;
        dlib::deserialize(path) >> net;
        parameters found;
        dlib::visit_computational_layers(net, collector(found));
        layers.assign(std::make_move_iterator(found.convolutions.rbegin()),
                      std::make_move_iterator(found.convolutions.rend()));
        last = std::move(found.last);
        size_t count = 1;
        for (const auto &level : levels)
            count += 2 * (size_t)level.blocks;
        if (layers.size() != count || last.size() != 256 * (size_t)numbers_count)
            throw std::runtime_error("it has not the layers that it must have");
        means[0] = net.subnet().input_layer().get_avg_red();
        means[1] = net.subnet().input_layer().get_avg_green();
        means[2] = net.subnet().input_layer().get_avg_blue();
    }

    void encode(const unsigned char *chip, int jitters, float *numbers) override
    {
        if (jitters <= 1) {
            run(chip, numbers);
            return;
        }
        dlib::matrix<dlib::rgb_pixel> face(chip_side, chip_side);
        std::copy(chip, chip + 3 * face.size(), (unsigned char *)&face(0, 0));
        /* A new generator each time, so that a face always gets the same numbers. */
        dlib::rand random;
        double sums[numbers_count] = {};
        for (int i = 0; i < jitters; ++i) {
            go_on();
            const dlib::matrix<dlib::rgb_pixel> moved = dlib::jitter_image(face, random);
            run((const unsigned char *)&moved(0, 0), numbers);
            for (int n = 0; n < numbers_count; ++n)
                sums[n] += numbers[n];
        }
        for (int n = 0; n < numbers_count; ++n)
            numbers[n] = (float)(sums[n] / jitters);
    }

private:
    std::vector<convolution> layers;
    std::vector<float> last;
    float means[3];
    /* Working memory, kept from face to face. */
    planes now, middle, next;
    std::vector<float> spread, columns;

    void run(const unsigned char *chip, float *numbers)
    {
        now.reset(3, chip_side, chip_side);
        for (int k = 0; k < 3; ++k) {
            float *to = now.channel(k);
            for (size_t i = 0; i < now.area(); ++i)
                to[i] = ((float)chip[3 * i + (size_t)k] - means[k]) / 256.0f;
        }
        size_t layer = 0;
        convolve(layers[layer++], now, middle);
        rectify(middle);
        pool_max(middle, now);
        for (const auto &level : levels)
            for (int i = 0; i < level.blocks; ++i) {
                convolve(layers[layer++], now, middle);
                rectify(middle);
                convolve(layers[layer++], middle, next);
                const bool halves = &level != levels && i == 0;
                if (halves) {
                    pool_mean(now, middle);
                    add_and_rectify(middle, next, now);
                } else {
                    add_and_rectify(now, next, middle);
                    std::swap(now, middle);
                }
            }
        std::fill(numbers, numbers + numbers_count, 0.0f);
        for (int k = 0; k < now.channels; ++k) {
            const float *from = now.channel(k);
            float sum = 0;
            for (size_t i = 0; i < now.area(); ++i)
                sum += from[i];
            sum /= (float)now.area();
            for (int n = 0; n < numbers_count; ++n)
                numbers[n] += sum * last[(size_t)(k * numbers_count + n)];
        }
    }

    /* By one product of matrices: filters times the picture's patches, each patch a column. */
    void convolve(const convolution &layer, const planes &in, planes &out)
    {
        if (in.channels != layer.inputs)
            throw std::runtime_error("its layers do not fit together");
        const int height = (in.height + 2 * layer.padding - layer.size) / layer.stride + 1;
        const int width = (in.width + 2 * layer.padding - layer.size) / layer.stride + 1;
        out.reset(layer.outputs, height, width);
        lay_out(layer, in, height, width);
        for (int k = 0; k < layer.outputs; ++k)
            std::fill(out.channel(k), out.channel(k) + out.area(), layer.offsets[(size_t)k]);
        const int taps = layer.inputs * layer.size * layer.size, count = (int)out.area();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, layer.outputs, count, taps, 1, layer.filters.data(),
                    taps, columns.data(), count, 1, out.values.data(), count);
    }

    /* Patches' values in rows, one row for each value of a patch, in pieces of a picture's row. Where the filter
     * takes every second column, even and odd columns are parted first, so that pieces stay in a row. */
    void lay_out(const convolution &layer, const planes &in, int height, int width)
    {
        const int stride = layer.stride, pad = layer.padding;
        const size_t rows = (size_t)(in.height + 2 * pad);
        const size_t length = (size_t)((in.width + 2 * pad + stride - 1) / stride);
        const size_t part = rows * length;
        spread.assign(part * (size_t)stride, 0);
        columns.resize((size_t)(layer.inputs * layer.size * layer.size) * (size_t)(height * width));
        float *to = columns.data();
        for (int k = 0; k < in.channels; ++k) {
            const float *from = in.channel(k);
            for (int y = 0; y < in.height; ++y, from += in.width) {
                float *row = spread.data() + (size_t)(y + pad) * length;
                if (stride == 1)
                    std::copy_n(from, in.width, row + pad);
                else
                    for (int x = 0; x < in.width; ++x)
                        row[(size_t)((x + pad) % stride) * part + (size_t)((x + pad) / stride)] = from[x];
            }
            for (int y = 0; y < layer.size; ++y)
                for (int x = 0; x < layer.size; ++x) {
                    const float *source = spread.data() + (size_t)(x % stride) * part + (size_t)(x / stride);
                    for (int row = 0; row < height; ++row, to += width)
                        std::copy_n(source + (size_t)(row * stride + y) * length, width, to);
                }
        }
    }

    static void rectify(planes &picture)
    {
        for (float &value : picture.values)
            value = std::max(value, 0.0f);
    }

    /* Where one is larger than the other in any way, the other is zero beyond its edge. */
    static void add_and_rectify(const planes &one, const planes &other, planes &out)
    {
        if (one.channels == other.channels && one.height == other.height && one.width == other.width) {
            out.reset(one.channels, one.height, one.width);
            for (size_t i = 0; i < out.values.size(); ++i)
                out.values[i] = std::max(one.values[i] + other.values[i], 0.0f);
            return;
        }
        out.reset(std::max(one.channels, other.channels), std::max(one.height, other.height),
                  std::max(one.width, other.width));
        std::fill(out.values.begin(), out.values.end(), 0.0f);
        for (const planes *part : { &one, &other })
            for (int k = 0; k < part->channels; ++k)
                for (int y = 0; y < part->height; ++y)
                    for (int x = 0; x < part->width; ++x)
                        out.channel(k)[y * out.width + x] += part->channel(k)[y * part->width + x];
        rectify(out);
    }

    static void pool_max(const planes &in, planes &out)
    {
        out.reset(in.channels, (in.height - 3) / 2 + 1, (in.width - 3) / 2 + 1);
        for (int k = 0; k < in.channels; ++k)
            for (int y = 0; y < out.height; ++y)
                for (int x = 0; x < out.width; ++x) {
                    const float *at = in.channel(k) + 2 * y * in.width + 2 * x;
                    float most = *at;
                    for (int i = 0; i < 3; ++i)
                        for (int j = 0; j < 3; ++j)
                            most = std::max(most, at[i * in.width + j]);
                    out.channel(k)[y * out.width + x] = most;
                }
    }

    static void pool_mean(const planes &in, planes &out)
    {
        out.reset(in.channels, (in.height - 2) / 2 + 1, (in.width - 2) / 2 + 1);
        for (int k = 0; k < in.channels; ++k)
            for (int y = 0; y < out.height; ++y)
                for (int x = 0; x < out.width; ++x) {
                    const float *at = in.channel(k) + 2 * y * in.width + 2 * x;
                    out.channel(k)[y * out.width + x] = (at[0] + at[1] + at[in.width] + at[in.width + 1]) / 4;
                }
    }
};

}

std::unique_ptr<encoder> load_encoder(const char *path) { return std::make_unique<resnet_encoder>(path); }

}
