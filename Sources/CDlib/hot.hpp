/* The hot code, compiled once for each instruction set: HOG detection and the correlation tracker. To be
 * included after dlib's headers, with `dlib` naming the copy of dlib to use, VD_VARIANT the namespace to
 * put this into and VD_LANES the floats in a vector. Nothing here may throw through anybody but api.cpp, which catches everything. */
namespace VD_VARIANT {

/* dlib's generic image interface over pixels that somebody else owns: nothing is copied. */
struct luma_view {
    const unsigned char *data = nullptr;
    long rows = 0, columns = 0, step = 0;
};
inline long num_rows(const luma_view &image) { return image.rows; }
inline long num_columns(const luma_view &image) { return image.columns; }
inline long width_step(const luma_view &image) { return image.step; }
inline const void *image_data(const luma_view &image) { return image.data; }

}

namespace dlib {
template <> struct image_traits<VD_VARIANT::luma_view> { typedef unsigned char pixel_type; };
template <> struct image_traits<const VD_VARIANT::luma_view> { typedef unsigned char pixel_type; };
}

namespace VD_VARIANT {

/* A detector's separable filters, added up over all planes of the features. It computes what dlib's
 * float_spatially_filter_image_separable computes, in another order of additions: coefficients stay in
 * registers, rows are whole vectors, and the sums are fused where the processor can. */
class filter_sum {
public:
    static constexpr long taps = 10;

    typedef dlib::scan_fhog_pyramid<dlib::pyramid_down<6>>::fhog_filterbank filterbank;

    /* Whether this can apply the filters; dlib's own way is for those that it cannot. */
    static bool handles(const filterbank &w, long columns)
    {
        if (columns < taps + lanes || w.num_separable_filters() > w.filters.size() * taps / 3.0)
            return false;
        for (const auto &plane : w.row_filters)
            for (const auto &filter : plane)
                if (filter.size() != taps)
                    return false;
        for (const auto &plane : w.col_filters)
            for (const auto &filter : plane)
                if (filter.size() != taps)
                    return false;
        return true;
    }

    long rows = 0, columns = 0;
    const float *row(long r) const { return &sums[(size_t)(r * stride)]; }

    void apply(const filterbank &w, const dlib::array<dlib::array2d<float>> &features)
    {
        const long in_rows = features[0].nr(), in_columns = features[0].nc();
        rows = in_rows - taps + 1;
        columns = in_columns - taps + 1;
        stride = (columns + lanes - 1) / lanes * lanes;
        sums.assign((size_t)(rows * stride), 0);
        scratch.resize((size_t)(in_rows * stride));
        for (size_t plane = 0; plane < w.row_filters.size(); ++plane)
            for (size_t i = 0; i < w.row_filters[plane].size(); ++i) {
                along_rows(features[plane], w.row_filters[plane][i]);
                along_columns(w.col_filters[plane][i]);
            }
    }

private:
    static constexpr long lanes = VD_LANES;
    typedef float vector __attribute__((vector_size(lanes * sizeof(float))));
    typedef dlib::matrix<float, 0, 1> coefficients;

    long stride = 0;
    std::vector<float> sums, scratch;

    static inline __attribute__((always_inline)) vector load(const float *from)
    {
        vector v;
        __builtin_memcpy(&v, from, sizeof v);
        return v;
    }

    static inline __attribute__((always_inline)) void store(float *to, const vector &v)
    {
        __builtin_memcpy(to, &v, sizeof v);
    }

    void along_rows(const dlib::array2d<float> &plane, const coefficients &filter)
    {
        vector k[taps];
        for (long i = 0; i < taps; ++i)
            k[i] = vector{} + filter(i);
        for (long r = 0; r < plane.nr(); ++r) {
            const float *in = &plane[r][0];
            float *out = &scratch[(size_t)(r * stride)];
            for (long c = 0;;) {
                vector even = load(in + c) * k[0], odd = load(in + c + 1) * k[1];
                for (long i = 2; i < taps; i += 2) {
                    even = even + load(in + c + i) * k[i];
                    odd = odd + load(in + c + i + 1) * k[i + 1];
                }
                store(out + c, even + odd);
                if (c == columns - lanes)
                    break;
                /* The last vector of a row may overlap the one before it. */
                c = c + lanes < columns - lanes ? c + lanes : columns - lanes;
            }
        }
    }

    void along_columns(const coefficients &filter)
    {
        vector k[taps];
        for (long i = 0; i < taps; ++i)
            k[i] = vector{} + filter(i);
        for (long r = 0; r < rows; ++r) {
            float *out = &sums[(size_t)(r * stride)];
            const float *in = &scratch[(size_t)(r * stride)];
            for (long c = 0; c < stride; c += lanes) {
                vector even = load(out + c) + load(in + c) * k[0], odd = load(in + c + stride) * k[1];
                for (long i = 2; i < taps; i += 2) {
                    even = even + load(in + c + i * stride) * k[i];
                    odd = odd + load(in + c + (i + 1) * stride) * k[i + 1];
                }
                store(out + c, even + odd);
            }
        }
    }
};

typedef dlib::scan_fhog_pyramid<dlib::pyramid_down<6>> scanner;
typedef dlib::object_detector<scanner> detector;

class hog : public vd::hog_engine {
public:
    explicit hog(std::istream &serialized)
    {
        dlib::deserialize(faces, serialized);
        fhog_window(faces.get_scanner());
    }

    /* What object_detector::operator() does, with the same results, but that levels whose boxes are smaller
     * than `size_min` are not searched, and that memory is kept from picture to picture. */
    void detect(const vd_image &image, int upsampling, double adjust_threshold, int size_min,
                std::vector<vd_detection> &found) override
    {
        const luma_view view{ image.pixels, image.height, image.width, (long)image.stride };
        if (upsampling == 0) {
            search(view, size_min, adjust_threshold);
        } else {
            dlib::pyramid_up(view, enlarged, dlib::pyramid_down<2>());
            for (int i = 1; i < upsampling; i++) {
                go_on();
                dlib::pyramid_up(enlarged);
            }
            search(enlarged, (double)size_min * (1 << upsampling), adjust_threshold);
        }
        found.clear();
        const dlib::pyramid_down<2> halver;
        for (const auto &one : kept) {
            dlib::rectangle rect = one.rect;
            if (upsampling > 0)
                rect = halver.rect_down(rect, upsampling);
            found.push_back(vd_detection{ { (double)rect.left(), (double)rect.top(), (double)rect.right() + 1,
                                            (double)rect.bottom() + 1 },
                                          one.detection_confidence, (int)one.weight_index });
        }
    }

private:
    detector faces;
    unsigned long window_width = 0, window_height = 0;
    dlib::array2d<unsigned char> enlarged, smaller, smallest;
    dlib::array<dlib::array2d<float>> features;
    dlib::array2d<float> saliency;
    filter_sum sum;
    std::vector<dlib::rect_detection> all, kept;

    void fhog_window(const scanner &s)
    {
        window_width = s.get_fhog_window_width();
        window_height = s.get_fhog_window_height();
    }

    template <typename image_type>
    void search(const image_type &image, double size_min, double adjust_threshold)
    {
        const scanner &s = faces.get_scanner();
        const dlib::pyramid_down<6> pyramid;
        dlib::rectangle rect = dlib::get_rect(image);
        unsigned long levels = 0;
        do {
            rect = pyramid.rect_down(rect);
            ++levels;
        } while (rect.width() >= s.get_min_pyramid_layer_width() &&
                 rect.height() >= s.get_min_pyramid_layer_height() && levels < s.get_max_pyramid_levels());

        all.clear();
        for (unsigned long level = 0; level < levels; ++level) {
            go_on();
            if (level == 1)
                pyramid(image, smaller);
            if (level > 1) {
                pyramid(smaller, smallest);
                dlib::swap(smaller, smallest);
            }
            if (box_width(s, pyramid, level) < size_min)
                continue;
            if (level == 0)
                extract(s, image);
            else
                extract(s, smaller);
            search_level(s, pyramid, level, adjust_threshold);
        }
        /* As object_detector does: best first, and none that overlaps a better one. */
        std::sort(all.rbegin(), all.rend());
        kept.clear();
        const auto &overlap = faces.get_overlap_tester();
        for (const auto &one : all) {
            bool overlaps = false;
            for (const auto &better : kept)
                overlaps = overlaps || overlap(better.rect, one.rect);
            if (!overlaps)
                kept.push_back(one);
        }
    }

    dlib::rectangle box(const scanner &s, const dlib::pyramid_down<6> &pyramid, unsigned long level, long c, long r)
    {
        const auto area = dlib::centered_rect(dlib::point(c, r), window_width - 2 * s.get_padding(),
                                              window_height - 2 * s.get_padding());
        return pyramid.rect_up(s.get_feature_extractor().feats_to_image(area, s.get_cell_size(),
                                                                        (int)window_height, (int)window_width),
                               level);
    }

    double box_width(const scanner &s, const dlib::pyramid_down<6> &pyramid, unsigned long level)
    {
        return (double)box(s, pyramid, level, 50, 50).width();
    }

    template <typename image_type> void extract(const scanner &s, const image_type &image)
    {
        s.get_feature_extractor()(image, features, s.get_cell_size(), (int)window_height, (int)window_width);
    }

    void search_level(const scanner &s, const dlib::pyramid_down<6> &pyramid, unsigned long level,
                      double adjust_threshold)
    {
        for (unsigned long i = 0; i < faces.num_detectors(); ++i) {
            go_on();
            const auto &w = faces.get_processed_w(i);
            const double base = w.w(w.w.size() - 1), threshold = base + adjust_threshold;
            const auto take = [&](float value, long c, long r) {
                if (value >= threshold) {
                    dlib::rect_detection one;
                    one.detection_confidence = (double)value - base;
                    one.weight_index = i;
                    one.rect = box(s, pyramid, level, c, r);
                    all.push_back(one);
                }
            };
            if (features[0].nr() < filter_sum::taps)
                continue;
            if (filter_sum::handles(w.get_detect_argument(), features[0].nc())) {
                sum.apply(w.get_detect_argument(), features);
                for (long r = 0; r < sum.rows; ++r)
                    for (long c = 0; c < sum.columns; ++c)
                        take(sum.row(r)[c], c + filter_sum::taps / 2, r + filter_sum::taps / 2);
            } else {
                const dlib::rectangle area =
                    dlib::impl::apply_filters_to_fhog(w.get_detect_argument(), features, saliency);
                for (long r = area.top(); r <= area.bottom(); ++r)
                    for (long c = area.left(); c <= area.right(); ++c)
                        take(saliency[r][c], c, r);
            }
        }
    }
};

class tracker : public vd::tracker_engine {
public:
    void start(const vd_image &image, const vd_box &box) override
    {
        inner.start_track(view(image), dlib::drectangle(box.left, box.top, box.right - 1, box.bottom - 1));
    }

    double update(const vd_image &image) override { return inner.update(view(image)); }

    vd_box position() const override
    {
        const dlib::drectangle p = inner.get_position();
        return vd_box{ p.left(), p.top(), p.right() + 1, p.bottom() + 1 };
    }

private:
    /* A quarter of the cells and half the scales of dlib's defaults: between two searches, a few pictures
     * apart, faces neither go far nor grow much, and following costs a third. */
    dlib::correlation_tracker inner{ 5, 4 };

    static luma_view view(const vd_image &image)
    {
        return luma_view{ image.pixels, image.height, image.width, (long)image.stride };
    }
};

}
