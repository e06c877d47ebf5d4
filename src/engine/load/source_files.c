#include "engine/load/source_files.h"

#include "base/mem.h"

/* How many footers are being read at a time: a publication of a thousand files would otherwise wait
 * for a thousand round trips. */
static const size_t openings = 32;

enum code source_files_open(struct source_files *f, const struct publication *p,
                            const struct remote_op *op, const struct pq_limits *limits,
                            uint64_t tail_bytes, struct err *err)
{
    uint64_t kept_bytes = 0;
    f->files = mem_zalloc((p->n_data_files + 1) * sizeof(*f->files));
    for (size_t i = 0; i < p->n_data_files; i++) {
        for (; f->n < p->n_data_files && f->n < i + openings; f->n++)
            TRY(source_file_start(&p->data_files[f->n], op, &f->files[f->n], err));
        struct source_file *file = &f->files[i];
        TRY(source_file_open(file, op, limits, err));
        /* The tail of a small file is the whole file. Kept, it saves reading the chunks again. */
        if (file->tail.len < file->size || kept_bytes + file->size > tail_bytes)
            source_file_drop_tail(file);
        kept_bytes += file->tail.len;
    }
    return OK;
}

void source_files_close(struct source_files *f)
{
    for (size_t i = 0; i < f->n; i++)
        source_file_close(&f->files[i]);
    free(f->files);
    *f = (struct source_files){0};
}
