#define _GNU_SOURCE
#include "CInference.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

const vn_engine *vn_engine_open(const char *path, vn_error *error)
{
    error->message[0] = 0;
    /* Its names must not meet those of what the program links with. It is never closed: libraries that it brings start
     * threads and leave things behind in others. */
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *reason = dlerror();
        snprintf(error->message, sizeof error->message, "%s", reason ? reason : "for an unknown reason");
        return NULL;
    }
    const vn_engine *engine = dlsym(library, VN_ENGINE_SYMBOL);
    if (!engine || engine->version != VN_ENGINE_VERSION) {
        snprintf(error->message, sizeof error->message, "it is of another version of vedette");
        return NULL;
    }
    return engine;
}

const char *vn_loaded_from(void)
{
    Dl_info here, program;
    if (!dladdr((void *)vn_loaded_from, &here) || !here.dli_fname) return NULL;
    /* The program's own place is known better from /proc. */
    void *main_of_program = dlsym(RTLD_DEFAULT, "main");
    if (main_of_program && dladdr(main_of_program, &program) && program.dli_fbase == here.dli_fbase) return NULL;
    return here.dli_fname;
}
