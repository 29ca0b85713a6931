/* Landmarks and chips, and the networks: their time goes into BLAS. */
#pragma once
#include <memory>
#include <vector>

#include "CDlib.h"
#include "engines.hpp"

namespace vd {

class shape {
public:
    virtual ~shape() = default;
    virtual int point_count() const = 0;
    virtual void find(const vd_image &image, const vd_box &box, vd_point *points) const = 0;
};
std::unique_ptr<shape> load_shape(const char *path);

void cut_chip(const vd_image &image, const vd_point *points, int point_count, int size, double padding,
              unsigned char *rgb);
void map_to_chip(const vd_point *points, int point_count, int size, double padding, vd_point *in_chip);

class cnn {
public:
    virtual ~cnn() = default;
    virtual void detect(const vd_image &image, int upsampling, double adjust_threshold,
                        std::vector<vd_detection> &found) = 0;
};
std::unique_ptr<cnn> load_cnn(const char *path);

class encoder : public stoppable {
public:
    virtual ~encoder() = default;
    virtual void encode(const unsigned char *chip, int jitters, float *numbers) = 0;
};
std::unique_ptr<encoder> load_encoder(const char *path);

}
