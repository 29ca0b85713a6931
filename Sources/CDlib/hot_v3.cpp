/* The hot code for x86-64-v3 (AVX2, FMA). Called only where the processor has it.
 *
 * The linker keeps one of all inline functions and templates with the same name, whichever file they come from:
 * were this file compiled with -mavx2, then an old processor might run its std::vector. Therefore dlib is
 * included under a name of its own, and only its functions are compiled for the newer instructions; what
 * is included before stays as it is everywhere. Tests/Programs/cdlib/variants checks that. */
#ifdef __x86_64__
#include "engines.hpp"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <chrono>
#include <cmath>
#include <complex>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <fstream>
#include <functional>
#include <future>
#include <iomanip>
#include <iostream>
#include <limits>
#include <list>
#include <map>
#include <mutex>
#include <numeric>
#include <queue>
#include <random>
#include <set>
#include <sstream>
#include <stack>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#define dlib dlib_v3
#define DLIB_HAVE_SSE2
#define DLIB_HAVE_SSE3
#define DLIB_HAVE_SSE41
#define DLIB_HAVE_AVX
#define DLIB_HAVE_AVX2

#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,f16c,lzcnt,movbe,popcnt"))), apply_to = function)

#include <dlib/image_processing/correlation_tracker.h>
#include <dlib/image_processing/object_detector.h>
#include <dlib/image_processing/scan_fhog_pyramid.h>
#include <dlib/image_transforms.h>

#define VD_VARIANT vd_v3
#define VD_LANES 8
#include "hot.hpp"

#pragma clang attribute pop

namespace vd {

std::unique_ptr<hog_engine> make_hog_v3(std::istream &serialized)
{
    return std::make_unique<vd_v3::hog>(serialized);
}

std::unique_ptr<tracker_engine> make_tracker_v3()
{
    return std::make_unique<vd_v3::tracker>();
}

}
#endif
