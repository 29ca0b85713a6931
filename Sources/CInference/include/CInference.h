/* Running a network that was saved as ONNX, behind C: what a library that can do it must give, how such a library is
 * opened, and how a picture becomes what a network takes.
 *
 * Whichever library does the work is linked into a shared object of its own (CInferenceOpenCV), opened when the first
 * network is wanted: who runs none loads none. Another library is another such object behind this header. */
#ifndef VEDETTE_CINFERENCE_H
#define VEDETTE_CINFERENCE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes with every change of vn_engine. */
#define VN_ENGINE_VERSION 1
/* The one name that a library gives. */
#define VN_ENGINE_SYMBOL "vedette_inference_engine"

enum {
    VN_OK = 0,
    VN_FAILED = 1, /* the library refused; the message is its own */
    VN_MEMORY = 2
};

typedef struct {
    char message[400];
} vn_error;

/* What a network takes: one picture, as channels x height x width floats. */
typedef struct {
    int channels, height, width;
} vn_input;

/* A network that is loaded. It belongs to one thread at a time, shares nothing with another, and computes in the thread
 * that calls. */
typedef struct vn_network vn_network;

/* A library. No C++ exception leaves any of its functions: what can fail returns a status and writes a sentence. */
typedef struct {
    int version;
    /* Its name and version, such as "OpenCV 4.6.0"; the string stays. */
    const char *name;
    /* Reads a network of one input and one output from the bytes of an ONNX file, which need not stay, and runs it once, so
     * that all memory that it takes is taken. The bytes must have been checked: a library may crash on others.
     * outputs: how many numbers come out. */
    int (*load)(const uint8_t *model, size_t count, const vn_input *input, size_t outputs, vn_network **network,
                vn_error *error);
    /* numbers: room for as many as `load` was told. */
    int (*run)(vn_network *network, const float *input, float *numbers, vn_error *error);
    void (*free)(vn_network *network);
} vn_engine;

/* Opens the library at a path for as long as the process lives; NULL with a message where it cannot be opened. */
const vn_engine *vn_engine_open(const char *path, vn_error *error);

/* The file that holds this code, where it is no program but was loaded into one (a bundle of tests); else NULL. */
const char *vn_loaded_from(void);

/* Eight-bit samples somewhere in memory. */
typedef struct {
    const uint8_t *samples;
    int width, height;
    ptrdiff_t stride; /* bytes from a row to the next */
    int step;         /* bytes from a sample to the next in its row */
} vn_plane;

/* A picture: red, green and blue, or with is_ycc Y, Cb and Cr as JPEG has them, where chroma may be coarser. */
typedef struct {
    vn_plane planes[3];
    int is_ycc;
} vn_picture;

/* Which part is seen (in pixels of the first plane), how it is scaled, and which of what came of that is kept. */
typedef struct {
    double left, top, width, height;
    int scaled_width, scaled_height;
    int kept_left, kept_top;
} vn_crop;

/* Scales by a triangle filter as wide as what a pixel stands for, so that nothing is skipped, and writes
 * input->channels x height x width numbers: (value - mean) / scale for each channel, values from 0 to 255.
 * is_bgr: blue first. One channel: luma. */
int vn_prepare(const vn_picture *picture, const vn_crop *crop, const vn_input *input, int is_bgr, const float mean[3],
               const float scale[3], float *numbers, vn_error *error);

#ifdef __cplusplus
}
#endif
#endif
