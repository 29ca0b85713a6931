#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <new>
#include <sstream>
#include <stdexcept>

#include "engines.hpp"
#include "faces.hpp"

struct vd_hog {
    std::unique_ptr<vd::hog_engine> engine;
    std::vector<vd_detection> found;
};
struct vd_cnn {
    std::unique_ptr<vd::cnn> net;
    std::vector<vd_detection> found;
};
struct vd_shape {
    std::unique_ptr<vd::shape> predictor;
};
struct vd_encoder {
    std::unique_ptr<vd::encoder> net;
};
struct vd_tracker {
    std::unique_ptr<vd::tracker_engine> engine;
    bool started = false;
};

static int say(vd_error *error, int status, const char *text)
{
    snprintf(error->message, sizeof error->message, "%s", text);
    return status;
}

/* Where C++ exceptions end. dlib ends the process at its second `fatal_error` in spite of the first being caught: what
 * could make one is refused before it gets there. */
template <typename body> static int guarded(vd_error *error, int status, const body &work) noexcept
{
    error->message[0] = 0;
    try {
        work();
        return VD_OK;
    } catch (const vd::stopped &) {
        return say(error, VD_STOPPED, "it was to end early");
    } catch (const std::bad_alloc &) {
        return say(error, VD_MEMORY, "out of memory");
    } catch (const std::exception &thrown) {
        return say(error, status, thrown.what());
    } catch (...) {
        return say(error, status, "dlib failed for an unknown reason");
    }
}

static bool has_v3()
{
#ifdef __x86_64__
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("f16c") && __builtin_cpu_supports("lzcnt") &&
           __builtin_cpu_supports("movbe");
#else
    return false;
#endif
}

const char *vd_variant(void) { return has_v3() ? "x86-64-v3" : "baseline"; }

/* OpenBLAS is asked for by name, so that this also runs where another BLAS took its place. */
static void *openblas(const char *name)
{
    Dl_info blas, other;
    void *multiply = dlsym(RTLD_DEFAULT, "cblas_sgemm");
    void *function = dlsym(RTLD_DEFAULT, name);
    if (!multiply || !function || !dladdr(multiply, &blas) || !dladdr(function, &other))
        return nullptr;
    return blas.dli_fbase == other.dli_fbase ? function : nullptr;
}

int vd_blas_is_fast(void) { return openblas("openblas_get_config") != nullptr; }

const char *vd_blas(void)
{
    if (void *config = openblas("openblas_get_config"))
        return ((char *(*)(void))config)();
    return "reference";
}

/* The workers are the threads; more of them within BLAS get into their way. */
static void use_one_thread()
{
    if (void *set = openblas("openblas_set_num_threads"))
        ((void (*)(int))set)(1);
}

vd_hog *vd_hog_new(int baseline, vd_error *error)
{
    vd_hog *made = nullptr;
    guarded(error, VD_FAILED, [&] {
        /* Unpacking it takes longer than anything else here. */
        static const std::string serialized = vd::frontal_face_detector();
        std::istringstream in(serialized);
        auto hog = std::make_unique<vd_hog>();
#ifdef __x86_64__
        if (has_v3() && !baseline)
            hog->engine = vd::make_hog_v3(in);
#endif
        if (!hog->engine)
            hog->engine = vd::make_hog_baseline(in);
        made = hog.release();
    });
    return made;
}

void vd_hog_free(vd_hog *hog) { delete hog; }

void vd_hog_obey(vd_hog *hog, const vd_stop *stop) { hog->engine->stop = stop; }

vd_stop *vd_stop_new(void) { return new (std::nothrow) vd_stop; }

void vd_stop_free(vd_stop *stop) { delete stop; }

void vd_stop_set(vd_stop *stop) { __atomic_store_n(&stop->is_set, 1, __ATOMIC_RELAXED); }

int vd_stop_is_set(const vd_stop *stop) { return __atomic_load_n(&stop->is_set, __ATOMIC_RELAXED); }

int vd_hog_detect(vd_hog *hog, const vd_image *luma, int upsampling, double adjust_threshold, int size_min,
                  const vd_detection **found, size_t *count, vd_error *error)
{
    *found = nullptr;
    *count = 0;
    if (luma->channels != 1)
        return say(error, VD_FAILED, "the HOG detector takes luma alone");
    int status = guarded(error, VD_FAILED,
                         [&] { hog->engine->detect(*luma, upsampling, adjust_threshold, size_min, hog->found); });
    if (status == VD_OK) {
        *found = hog->found.data();
        *count = hog->found.size();
    }
    return status;
}

int vd_cnn_new(const char *path, vd_cnn **cnn, vd_error *error)
{
    *cnn = nullptr;
    use_one_thread();
    return guarded(error, VD_DAMAGED, [&] {
        auto made = std::make_unique<vd_cnn>();
        made->net = vd::load_cnn(path);
        *cnn = made.release();
    });
}

void vd_cnn_free(vd_cnn *cnn) { delete cnn; }

int vd_cnn_detect(vd_cnn *cnn, const vd_image *image, int upsampling, double adjust_threshold,
                  const vd_detection **found, size_t *count, vd_error *error)
{
    *found = nullptr;
    *count = 0;
    int status =
        guarded(error, VD_FAILED, [&] { cnn->net->detect(*image, upsampling, adjust_threshold, cnn->found); });
    if (status == VD_OK) {
        *found = cnn->found.data();
        *count = cnn->found.size();
    }
    return status;
}

int vd_shape_new(const char *path, vd_shape **shape, vd_error *error)
{
    *shape = nullptr;
    return guarded(error, VD_DAMAGED, [&] {
        auto made = std::make_unique<vd_shape>();
        made->predictor = vd::load_shape(path);
        if (made->predictor->point_count() != 5 && made->predictor->point_count() != 68)
            throw std::runtime_error("it has neither 5 nor 68 points");
        *shape = made.release();
    });
}

void vd_shape_free(vd_shape *shape) { delete shape; }

int vd_shape_point_count(const vd_shape *shape) { return shape->predictor->point_count(); }

int vd_shape_find(const vd_shape *shape, const vd_image *image, const vd_box *box, vd_point *points, vd_error *error)
{
    return guarded(error, VD_FAILED, [&] { shape->predictor->find(*image, *box, points); });
}

int vd_chip(const vd_image *image, const vd_point *points, int point_count, int size, double padding, uint8_t *rgb,
            vd_error *error)
{
    return guarded(error, VD_FAILED, [&] { vd::cut_chip(*image, points, point_count, size, padding, rgb); });
}

int vd_chip_points(const vd_point *points, int point_count, int size, double padding, vd_point *in_chip,
                   vd_error *error)
{
    return guarded(error, VD_FAILED, [&] { vd::map_to_chip(points, point_count, size, padding, in_chip); });
}

int vd_encoder_new(const char *path, vd_encoder **encoder, vd_error *error)
{
    *encoder = nullptr;
    use_one_thread();
    return guarded(error, VD_DAMAGED, [&] {
        auto made = std::make_unique<vd_encoder>();
        made->net = vd::load_encoder(path);
        *encoder = made.release();
    });
}

void vd_encoder_free(vd_encoder *encoder) { delete encoder; }

void vd_encoder_obey(vd_encoder *encoder, const vd_stop *stop) { encoder->net->stop = stop; }

int vd_encoder_encode(vd_encoder *encoder, const uint8_t *chip, int jitters, float *numbers, vd_error *error)
{
    return guarded(error, VD_FAILED, [&] { encoder->net->encode(chip, jitters, numbers); });
}

vd_tracker *vd_tracker_new(int baseline, vd_error *error)
{
    vd_tracker *made = nullptr;
    guarded(error, VD_FAILED, [&] {
        auto tracker = std::make_unique<vd_tracker>();
#ifdef __x86_64__
        if (has_v3() && !baseline)
            tracker->engine = vd::make_tracker_v3();
#endif
        if (!tracker->engine)
            tracker->engine = vd::make_tracker_baseline();
        made = tracker.release();
    });
    return made;
}

void vd_tracker_free(vd_tracker *tracker) { delete tracker; }

int vd_tracker_start(vd_tracker *tracker, const vd_image *luma, const vd_box *box, vd_error *error)
{
    return guarded(error, VD_FAILED, [&] {
        if (!(box->right - box->left >= 1 && box->bottom - box->top >= 1))
            throw std::invalid_argument("the box to follow is empty");
        tracker->started = false;
        tracker->engine->start(*luma, *box);
        tracker->started = true;
    });
}

int vd_tracker_update(vd_tracker *tracker, const vd_image *luma, vd_box *box, double *confidence, vd_error *error)
{
    return guarded(error, VD_FAILED, [&] {
        if (!tracker->started)
            throw std::logic_error("nothing is being followed");
        *confidence = tracker->engine->update(*luma);
        *box = tracker->engine->position();
        if (!(box->right - box->left >= 1 && box->bottom - box->top >= 1))
            tracker->started = false;
    });
}
