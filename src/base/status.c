#include "status.h"

#include <stdarg.h>

#include "write_text.h"

phi_status phi_fail(phi_error *err, phi_status status, const char *fmt, ...)
{
    if (err) {
        va_list args;
        err->status = status;
        err->requested = 0;
        err->quota = 0;
        va_start(args, fmt);
        (void)phi_write_text_args(err->text, sizeof err->text, fmt, args);
        va_end(args);
    }
    return status;
}

const char *phi_status_name(phi_status status)
{
    switch (status) {
#define PHI_STATUS(name, value, js, meaning) \
    case PHI_##name:                         \
        return "PHI_" #name;
#include "status.def"
#undef PHI_STATUS
    }
    return "PHI_UNKNOWN";
}

const char *phi_status_meaning(phi_status status)
{
    switch (status) {
#define PHI_STATUS(name, value, js, meaning) \
    case PHI_##name:                         \
        return meaning;
#include "status.def"
#undef PHI_STATUS
    }
    return "not a status of this build";
}
