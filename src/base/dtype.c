#include "dtype.h"

static const phi_dtype_info infos[PHI_N_DTYPES] = {
#define PHI_DTYPE(name, elements, bytes, gguf_id) [PHI_DTYPE_##name] = {#name, elements, bytes, gguf_id},
#include "dtypes.def"
#undef PHI_DTYPE
};

/* Types that GGUF defines and this build refuses; they are named in the error. */
static const struct {
    uint32_t id;
    const char *name;
} refused[] = {
    {9, "Q8_1"},   {10, "Q2_K"},  {11, "Q3_K"},  {15, "Q8_K"},   {16, "IQ2_XXS"}, {17, "IQ2_XS"}, {18, "IQ3_XXS"},
    {19, "IQ1_S"}, {21, "IQ3_S"}, {22, "IQ2_S"}, {23, "IQ4_XS"}, {24, "I8"},      {25, "I16"},    {26, "I32"},
    {27, "I64"},   {28, "F64"},   {29, "IQ1_M"}, {34, "TQ1_0"},  {35, "TQ2_0"},   {39, "MXFP4"},
};

const phi_dtype_info *phi_dtype_get(phi_dtype dtype)
{
    return (unsigned)dtype < PHI_N_DTYPES ? &infos[dtype] : NULL;
}

phi_dtype phi_dtype_of_gguf(uint32_t gguf_id)
{
    for (int i = 0; i < PHI_N_DTYPES; i++)
        if (infos[i].gguf_id == gguf_id)
            return (phi_dtype)i;
    return PHI_N_DTYPES;
}

const char *phi_dtype_gguf_name(uint32_t gguf_id)
{
    const phi_dtype known = phi_dtype_of_gguf(gguf_id);
    if (known != PHI_N_DTYPES)
        return infos[known].name;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (refused[i].id == gguf_id)
            return refused[i].name;
    return NULL;
}
