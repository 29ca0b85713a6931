#ifndef VEDETTE_CV4L2_H
#define VEDETTE_CV4L2_H
#include <linux/videodev2.h>
#endif
