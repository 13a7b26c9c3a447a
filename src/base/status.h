/* Statuses and error detail. A function that can fail returns phi_status and writes its results through out-parameters;
 * the detail (what, where, got, expected, remedy) goes into the phi_error that the caller owns. */
#ifndef PHI_STATUS_H
#define PHI_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum phi_status {
#define PHI_STATUS(name, value, js, meaning) PHI_##name = value,
#include "status.def"
#undef PHI_STATUS
} phi_status;

enum { PHI_ERROR_TEXT_BYTES = 384 };

/* Detail of the last failure. Plain data: copy it freely. `requested` and `quota` are set for PHI_ECONTEXT and
 * PHI_ENOMEM (tokens or bytes), else 0. */
typedef struct phi_error {
    phi_status status;
    uint64_t requested;
    uint64_t quota;
    char text[PHI_ERROR_TEXT_BYTES]; /* NUL-terminated UTF-8, truncated if longer */
} phi_error;

#if defined(__GNUC__)
#define PHI_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define PHI_PRINTF(fmt, args)
#endif

/* Fills `err` (NULL is fine) and returns `status`, so that a failure is one statement. */
phi_status phi_fail(phi_error *err, phi_status status, const char *fmt, ...) PHI_PRINTF(3, 4);

/* "PHI_ECORRUPT"; "PHI_UNKNOWN" for a value outside the table. Static storage. */
const char *phi_status_name(phi_status status);
/* One sentence for developers. Static storage. */
const char *phi_status_meaning(phi_status status);

/* Forwards anything but PHI_OK to the caller. */
#define PHI_TRY(call)                       \
    do {                                    \
        phi_status phi_try_status = (call); \
        if (phi_try_status != PHI_OK)       \
            return phi_try_status;          \
    } while (0)

#endif
