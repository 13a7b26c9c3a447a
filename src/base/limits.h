/* Upper bounds on everything that a file or a caller may ask for. A file past a bound is refused by name and number,
 * never truncated. They are generous: several times the largest model in docs/MODELS.md. */
#ifndef PHI_LIMITS_H
#define PHI_LIMITS_H

enum {
    PHI_LIMIT_TENSORS = 65536,        /* tensors in one model */
    PHI_LIMIT_KVS = 65536,            /* metadata entries in one file */
    PHI_LIMIT_SPLITS = 1024,          /* files of one split model */
    PHI_LIMIT_NAME_BYTES = 256,       /* a tensor's or a key's name */
    PHI_LIMIT_STRING_BYTES = 1 << 24, /* one metadata string (a chat template, say) */
    PHI_LIMIT_ARRAY_ITEMS = 1 << 24,  /* one metadata array */
    PHI_LIMIT_HEADER_BYTES = 1 << 28, /* everything before the tensor data */
    PHI_LIMIT_VOCABULARY = 1 << 20,   /* token ids */
    PHI_LIMIT_TOKEN_BYTES = 4096,     /* one token's text */
    PHI_LIMIT_STOP_IDS = 64,          /* tokens that a file says end a text */
    PHI_LIMIT_LAYERS = 512,
    PHI_LIMIT_WIDTH = 1 << 18, /* any model dimension, rows or columns of a matrix excepted for the vocabulary */
    PHI_LIMIT_HEADS = 1024,
    PHI_LIMIT_HEAD_DIM = 512,
    PHI_LIMIT_CONTEXT = 1 << 20, /* tokens */
    PHI_LIMIT_THREADS = 64,
    PHI_LIMIT_BATCH = 512, /* tokens of one forward slice */
    PHI_LIMIT_STOP_STRINGS = 64,
    PHI_LIMIT_TOP_LOGPROBS = 20,
    PHI_LIMIT_CONSTRAINT_BYTES = 1 << 18, /* text of a JSON schema or a regular expression */
    PHI_LIMIT_CONSTRAINT_NESTING = 128,   /* levels of a schema's text; groups of an expression */
    PHI_LIMIT_CONSTRAINT_MEMBERS = 4096,  /* names in one object of a schema, values in one enum */
    PHI_LIMIT_CONSTRAINT_REPEAT = 4096,   /* a repeat count in an expression */
    PHI_LIMIT_CONSTRAINT_RULES = 1 << 13, /* combinations of schemas that one constraint may need */
    PHI_LIMIT_CONSTRAINT_NODES = 1 << 18, /* of the byte automaton that a constraint compiles to */
    PHI_LIMIT_CONSTRAINT_DEPTH = 64,      /* calls that are open at once: levels of nested JSON in the output */
    PHI_LIMIT_PICTURE_BYTES = 1 << 28,    /* a picture's file, or its pixels when they come decoded */
    PHI_LIMIT_PICTURE_SIDE = 65535,       /* pixels: what JPEG and GIF can say */
    PHI_LIMIT_PICTURE_PIXELS = 64000000,  /* width times height */
    PHI_LIMIT_JPEG_SCANS = 128,           /* encoders make some ten; a scan of a few bytes may cost a whole pass */
    PHI_LIMIT_CROPS = 64,                 /* tiles of one picture; Phi-3-vision was made with 16 */
    PHI_LIMIT_TILE = 1024,                /* pixels of a tile's side; Phi-3-vision has 336 */
    PHI_LIMIT_TILE_PATCHES = 64           /* on a tile's side; Phi-3-vision has 24 */
};

#endif
