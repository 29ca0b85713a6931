/* The hot code for any machine of the architecture (on arm64 that has NEON). */
#include "engines.hpp"

#include <algorithm>
#include <sstream>

#include <dlib/image_processing/correlation_tracker.h>
#include <dlib/image_processing/frontal_face_detector.h>
#include <dlib/image_transforms.h>

#define VD_VARIANT vd_baseline
#define VD_LANES 4
#include "hot.hpp"

namespace vd {

std::string frontal_face_detector()
{
    std::ostringstream out;
    dlib::serialize(dlib::get_frontal_face_detector(), out);
    return out.str();
}

std::unique_ptr<hog_engine> make_hog_baseline(std::istream &serialized)
{
    return std::make_unique<vd_baseline::hog>(serialized);
}

std::unique_ptr<tracker_engine> make_tracker_baseline()
{
    return std::make_unique<vd_baseline::tracker>();
}

}
