/* What the code that is compiled more than once offers to api.cpp, which picks one. */
#pragma once
#include <istream>
#include <memory>
#include <string>
#include <vector>

#include "CDlib.h"

/* No std::atomic: its functions would be compiled for whichever file comes first. */
struct vd_stop {
    int is_set = 0;
};

namespace vd {

/* Thrown where the work is to end early. */
struct stopped {};

/* Work that takes long, and asks between its parts whether it is to go on. */
class stoppable {
public:
    const vd_stop *stop = nullptr;

protected:
    void go_on() const
    {
        if (stop && __atomic_load_n(&stop->is_set, __ATOMIC_RELAXED))
            throw stopped();
    }
};

class hog_engine : public stoppable {
public:
    virtual ~hog_engine() = default;
    virtual void detect(const vd_image &luma, int upsampling, double adjust_threshold, int size_min,
                        std::vector<vd_detection> &found) = 0;
};

class tracker_engine {
public:
    virtual ~tracker_engine() = default;
    virtual void start(const vd_image &luma, const vd_box &box) = 0;
    virtual double update(const vd_image &luma) = 0;
    virtual vd_box position() const = 0;
};

/* dlib's frontal face detector in its serialized form, by which it gets from one copy of dlib to another. */
std::string frontal_face_detector();

std::unique_ptr<hog_engine> make_hog_baseline(std::istream &serialized);
std::unique_ptr<tracker_engine> make_tracker_baseline();
#ifdef __x86_64__
std::unique_ptr<hog_engine> make_hog_v3(std::istream &serialized);
std::unique_ptr<tracker_engine> make_tracker_v3();
#endif

}
