/* For tests: a model file in memory, served to an engine range by range, with faults on demand. */
#ifndef PHI_TEST_MODEL_FILE_H
#define PHI_TEST_MODEL_FILE_H

#include "phi.h"

typedef enum model_fault {
    FAULT_NONE,
    FAULT_SHORT,  /* the range arrives one byte short */
    FAULT_MISSING /* the source gives up: the engine is destroyed half loaded */
} model_fault;

typedef struct model_file {
    uint8_t *bytes;
    size_t n;
    model_fault fault;
    int fault_at; /* which range, counted from 0 */
    int n_ranges; /* served so far */
    bool is_late; /* later ranges of a listing are provided before earlier ones */
} model_file;

/* tests/models/<name>; bytes NULL if it cannot be read. */
model_file model_file_read(const char *name);
void model_file_close(model_file *f);

/* Creates, describes, reserves and loads. *out is NULL unless PHI_OK; *err has the detail. */
phi_status model_file_load(phi_engine **out, model_file *f, const phi_engine_options *options, phi_error *err);
/* step() until it is done. */
phi_status model_compute(phi_session *s);

#endif
