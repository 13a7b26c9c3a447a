/* Models split over several files. */
#include <inttypes.h>
#include <string.h>

#include "format.h"
#include "limits.h"
#include "order.h"
#include "write_text.h"

static phi_status check_part(const phi_directory *dir, const phi_directory *part, phi_error *err)
{
    if (dir->n_files != part->n_files)
        return phi_fail(err, PHI_ECORRUPT, "split: file %u says that there are %u files, expected %u as file %u says",
                        part->file_idx, part->n_files, dir->n_files, dir->file_idx);
    if (dir->has_file[part->file_idx])
        return phi_fail(err, PHI_ECORRUPT, "split: file %u of %u is given twice, expected each once", part->file_idx,
                        dir->n_files);
    if (dir->n_announced != part->n_announced)
        return phi_fail(err, PHI_ECORRUPT,
                        "split: file %u announces %" PRIu64 " tensors in all, expected %" PRIu64 " as file %u says",
                        part->file_idx, part->n_announced, dir->n_announced, dir->file_idx);
    if (dir->n_tensors + part->n_tensors > PHI_LIMIT_TENSORS)
        return phi_fail(err, PHI_ECORRUPT, "split: file %u brings the number of tensors to %zu, the limit is %d",
                        part->file_idx, dir->n_tensors + part->n_tensors, PHI_LIMIT_TENSORS);
    return PHI_OK;
}

/* Both orders ascend, so one walk finds every name that is in both. */
static phi_status check_names(const phi_directory *dir, const phi_directory *part, phi_error *err)
{
    size_t i = 0;
    size_t k = 0;
    while (i < dir->n_tensors && k < part->n_tensors) {
        const phi_tensor_info *old = &dir->tensors[dir->tensor_order[i]];
        const phi_tensor_info *new = &part->tensors[part->tensor_order[k]];
        const int order = phi_order_text(old->name, new->name);
        if (order == 0)
            return phi_fail(err, PHI_ECORRUPT, "split: tensor '%.*s' is in file %u and in file %u, expected once",
                            phi_str_print_len(old->name), old->name.ptr, old->file_idx, new->file_idx);
        i += order < 0;
        k += order > 0;
    }
    return PHI_OK;
}

/* Room for n more tensors. Doubling keeps the memory of many joins linear: an arena frees nothing
 * singly. */
static phi_status make_room(phi_directory *dir, size_t n, phi_arena *arena, phi_error *err)
{
    const size_t needed = dir->n_tensors + n;
    if (needed <= dir->tensors_cap)
        return PHI_OK;
    const size_t cap = needed > 2 * dir->tensors_cap ? needed : 2 * dir->tensors_cap;
    phi_tensor_info *tensors = phi_arena_array(arena, phi_tensor_info, cap);
    uint32_t *order = phi_arena_array(arena, uint32_t, cap);
    if (!tensors || !order)
        return phi_fail(err, PHI_ENOMEM, "split: no memory for %zu tensors", cap);
    if (dir->n_tensors > 0) {
        memcpy(tensors, dir->tensors, dir->n_tensors * sizeof *tensors);
        memcpy(order, dir->tensor_order, dir->n_tensors * sizeof *order);
    }
    dir->tensors = tensors;
    dir->tensor_order = order;
    dir->tensors_cap = cap;
    return PHI_OK;
}

/* Merges from the back, so that nothing is overwritten before it is read. */
static void append_tensors(phi_directory *dir, const phi_directory *part)
{
    size_t i = dir->n_tensors;
    size_t k = part->n_tensors;
    for (size_t t = 0; t < part->n_tensors; t++)
        dir->tensors[dir->n_tensors + t] = part->tensors[t];
    for (size_t to = i + k; k > 0; to--) {
        const uint32_t last = part->tensor_order[k - 1];
        const bool old_is_greater = i > 0 && phi_order_text(dir->tensors[dir->tensor_order[i - 1]].name,
                                                            part->tensors[last].name) > 0;
        if (old_is_greater)
            dir->tensor_order[to - 1] = dir->tensor_order[--i];
        else {
            dir->tensor_order[to - 1] = (uint32_t)dir->n_tensors + last;
            k--;
        }
    }
    dir->n_tensors += part->n_tensors;
}

phi_status phi_directory_join(phi_directory *dir, const phi_directory *part, phi_arena *arena, phi_error *err)
{
    PHI_TRY(check_part(dir, part, err));
    PHI_TRY(check_names(dir, part, err));
    PHI_TRY(make_room(dir, part->n_tensors, arena, err));
    append_tensors(dir, part);
    dir->has_file[part->file_idx] = true;
    dir->file_bytes[part->file_idx] = part->file_bytes[part->file_idx];
    if (part->file_idx == 0) {
        dir->metas = part->metas;
        dir->n_metas = part->n_metas;
        dir->meta_order = part->meta_order;
    }
    return PHI_OK;
}

phi_status phi_directory_check_complete(const phi_directory *dir, phi_error *err)
{
    for (uint32_t i = 0; i < dir->n_files; i++)
        if (!dir->has_file[i])
            return phi_fail(err, PHI_ECORRUPT,
                            "split: file %u of %u (\"-%05u-of-%05u\") is missing, expected all of them", i,
                            dir->n_files, i + 1, dir->n_files);
    if (dir->n_announced != UINT64_MAX && dir->n_announced != dir->n_tensors)
        return phi_fail(err, PHI_ECORRUPT,
                        "split: the %u files hold %zu tensors, expected %" PRIu64 " as they announce", dir->n_files,
                        dir->n_tensors, dir->n_announced);
    return PHI_OK;
}

enum { MARK_DIGITS = 5, MARK_BYTES = sizeof "-00001-of-00003.gguf" - 1 };

/* "-00001-of-00003.gguf", both numbers checked against `count`. */
static bool is_mark(const char *at, uint32_t count)
{
    uint32_t numbers[2] = {0, 0};
    for (size_t i = 0; i < MARK_DIGITS; i++) {
        const char first = at[1 + i];
        const char second = at[10 + i];
        if (first < '0' || first > '9' || second < '0' || second > '9')
            return false;
        numbers[0] = numbers[0] * 10 + (uint32_t)(first - '0');
        numbers[1] = numbers[1] * 10 + (uint32_t)(second - '0');
    }
    return at[0] == '-' && memcmp(at + 6, "-of-", 4) == 0 && memcmp(at + 15, ".gguf", 5) == 0 && numbers[1] == count &&
           numbers[0] >= 1 && numbers[0] <= count;
}

phi_status phi_split_name(char *out, size_t cap, phi_str first, uint32_t idx, uint32_t count, phi_error *err)
{
    if (count < 1 || count > PHI_LIMIT_SPLITS || idx >= count)
        return phi_fail(err, PHI_EINVAL,
                        "split: file %u of %u was asked for, expected at most %d files, counted from 0", idx, count,
                        PHI_LIMIT_SPLITS);
    if (first.len >= cap)
        return phi_fail(err, PHI_EINVAL, "split: a name of %zu bytes does not fit in %zu", first.len, cap);
    size_t mark = SIZE_MAX;
    bool is_in_path = true; /* the last mark of the path counts, or that of the query if the path has none */
    for (size_t i = 0; i + MARK_BYTES <= first.len; i++) {
        const char next = i + MARK_BYTES < first.len ? first.ptr[i + MARK_BYTES] : '?';
        is_in_path = is_in_path && first.ptr[i] != '?' && first.ptr[i] != '#';
        const bool ends_here = next == '?' || next == '#' || next == '&';
        if (ends_here && (is_in_path || mark == SIZE_MAX) && is_mark(first.ptr + i, count))
            mark = i;
    }
    if (mark == SIZE_MAX)
        return phi_fail(err, PHI_EINVAL,
                        "split: '%.*s' does not hold \"-NNNNN-of-%05u.gguf\"; expected the name of one of "
                        "the %u files",
                        phi_str_print_len(first), first.ptr, count, count);
    memcpy(out, first.ptr, first.len);
    out[first.len] = 0;
    char digits[MARK_DIGITS + 1];
    (void)phi_write_text(digits, sizeof digits, "%05u", (unsigned)(idx + 1) % 100000u);
    memcpy(out + mark + 1, digits, MARK_DIGITS);
    return PHI_OK;
}
