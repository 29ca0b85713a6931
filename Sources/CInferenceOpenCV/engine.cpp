/* OpenCV's dnn behind CInference.h. */
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn/dnn.hpp>

#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <vector>

#include "CInference.h"
#include "CInferenceOpenCV.h"

struct vn_network {
    cv::dnn::Net net;
    vn_input input;
    size_t outputs;
};

static int say(vn_error *error, int status, const char *text)
{
    snprintf(error->message, sizeof error->message, "%s", text);
    for (char *at = error->message; *at; at++)
        if (*at == '\n')
            *at = ' ';
    return status;
}

/* Where C++ exceptions end. */
template <typename body> static int guarded(vn_error *error, const body &work) noexcept
{
    error->message[0] = 0;
    try {
        work();
        return VN_OK;
    } catch (const std::bad_alloc &) {
        return say(error, VN_MEMORY, "out of memory");
    } catch (const cv::Exception &thrown) {
        /* What it says of itself has the path of a source file and line breaks in it. */
        return thrown.code == cv::Error::StsNoMem ? say(error, VN_MEMORY, "out of memory")
                                                  : say(error, VN_FAILED, thrown.err.c_str());
    } catch (const std::exception &thrown) {
        return say(error, VN_FAILED, thrown.what());
    } catch (...) {
        return say(error, VN_FAILED, "OpenCV failed for an unknown reason");
    }
}

static void compute(vn_network &network, const float *input, float *numbers)
{
    const int sizes[] = { 1, network.input.channels, network.input.height, network.input.width };
    /* OpenCV copies it and writes nothing. */
    const cv::Mat blob(4, sizes, CV_32F, const_cast<float *>(input));
    network.net.setInput(blob);
    const cv::Mat output = network.net.forward();
    if (output.type() != CV_32F || !output.isContinuous() || output.total() != network.outputs)
        throw std::runtime_error("another number of values comes out than the model says");
    if (numbers)
        memcpy(numbers, output.ptr<float>(), network.outputs * sizeof(float));
}

static int load(const uint8_t *model, size_t count, const vn_input *input, size_t outputs, vn_network **network,
                vn_error *error)
{
    *network = nullptr;
    return guarded(error, [&] {
        /* The workers are the threads. */
        cv::setNumThreads(1);
        /* What goes wrong is thrown; it must not be printed besides. */
        cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
        auto made = std::make_unique<vn_network>();
        made->input = *input;
        made->outputs = outputs;
        made->net = cv::dnn::readNetFromONNX(reinterpret_cast<const char *>(model), count);
        if (made->net.empty())
            throw std::runtime_error("it has no layers");
        made->net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
        made->net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
        const std::vector<float> nothing((size_t)input->channels * (size_t)input->height * (size_t)input->width);
        compute(*made, nothing.data(), nullptr);
        *network = made.release();
    });
}

static int run(vn_network *network, const float *input, float *numbers, vn_error *error)
{
    return guarded(error, [&] { compute(*network, input, numbers); });
}

static void release(vn_network *network) { delete network; }

const vn_engine vedette_inference_engine = {
    VN_ENGINE_VERSION, "OpenCV " CV_VERSION, load, run, release,
};
