#include "engine/spec/memory_shares.h"

static const uint64_t batch_bytes_max = (uint64_t)64 << 20;

struct memory_shares memory_shares_of_load(uint64_t memory_bytes, unsigned n_workers)
{
    return (struct memory_shares){
        .records = memory_bytes / 8 * 3,
        .decoded = memory_bytes / 8 * 3,
        .undoubted = memory_bytes,
        .chunks = memory_bytes / 8,
        .page = memory_bytes / 8,
        .held = memory_bytes / 4 / n_workers,
        .tails = memory_bytes / 16,
        .deletes = memory_bytes / 8,
        .block = memory_bytes / 16 / n_workers + 1,
        .build = memory_bytes / 4 / n_workers,
    };
}

/* Rows of a group of writes are mostly one block: lone_block saves it from being split for a bound
 * meant for many. */
struct memory_shares memory_shares_of_writes(uint64_t memory_bytes, unsigned n_workers)
{
    return (struct memory_shares){
        .records = memory_bytes / 2,
        .decoded = memory_bytes / 8,
        .undoubted = memory_bytes / 4,
        .chunks = memory_bytes / 16,
        .page = memory_bytes / 16,
        .held = memory_bytes / 16,
        .block = memory_bytes / 16 / n_workers + 1,
        .lone_block = memory_bytes / 8,
        .build = memory_bytes / 4 / n_workers,
    };
}

struct memory_shares memory_shares_of_merge(uint64_t memory_bytes, unsigned n_workers)
{
    return (struct memory_shares){
        .block = memory_bytes / 16 / n_workers + 1,
        .build = memory_bytes / 4 / n_workers,
    };
}

struct memory_shares memory_shares_of_scan(uint64_t memory_bytes)
{
    uint64_t batch = memory_bytes / 16;
    return (struct memory_shares){
        .decoded = memory_bytes / 2,
        .undoubted = memory_bytes,
        .chunks = memory_bytes / 4,
        .page = memory_bytes / 4,
        .held = memory_bytes / 2,
        .deletes = memory_bytes / 8,
        .batch = batch < batch_bytes_max ? batch : batch_bytes_max,
    };
}
