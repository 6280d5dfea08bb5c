/* Whole steps: batch, forward, backward, clipping, update; for one block of replicas at a time. */
#ifndef MINIGRAD_TRAINING_H
#define MINIGRAD_TRAINING_H

#include "execution.h"
#include "job.h"
#include "rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A block is one replica if single, else the replicas first ... first + lanes - 1, one a lane; the
   lanes that are left over repeat the last of them. */
typedef struct {
    const Job *job;
    Memory memory;
    int64_t chunk;             /* samples in a chunk */
    int64_t first, lanes;
    int64_t vectors;           /* of parameters: all in a row if single, else one a parameter */
    Vector *states[MAX_STATES];
    Vector *backup;            /* parameters and states, where a lane must not be moved */
    Vector trouble;            /* nan in the lanes that are alive no longer, 0 in others */
    int is_alive[LANES], is_filled;
    void *arena;
} Block;

static int64_t state_count(const Job *job) { return job->rule < 0 ? 0 : rule_states[job->rule]; }

/* Memory */

static Vector *take(char **free, int64_t vectors) {
    Vector *taken = (Vector *)*free;
    *free += vectors * (int64_t)sizeof(Vector);
    return taken;
}

static int64_t most_times(const Program *p) {
    int64_t most = 1;
    for (int64_t n = 0; n < p->count; n++)
        if (p->instructions[n].times > most) most = p->instructions[n].times;
    return most;
}

/* Gives -1 where memory is lacking. */
static int count_in_order(Memory *m, const Program *p) {
    int64_t most = 1;
    for (int64_t n = 0; n < p->count; n++)
        if (is_by_table(p->instructions + n) && p->instructions[n].rows > most)
            most = p->instructions[n].rows;
    m->in_order = malloc((size_t)most * sizeof *m->in_order);
    if (!m->in_order) return -1;
    for (int64_t n = 0; n < most; n++) m->in_order[n] = (int32_t)n;
    return 0;
}

/* Finds room for everything in one allocation, zeroed. Gives -1 where memory is lacking. */
static int prepare_block(Block *b, const Job *job, int single) {
    const Program *p = job->program;
    int64_t eights = (job->batch + 7) / 8, chunks = (eights * 8 + CHUNK - 1) / CHUNK;
    b->job = job;
    b->chunk = (eights + chunks - 1) / chunks * 8;
    Memory *m = &b->memory;
    int64_t samples = least(job->batch, b->chunk);
    m->program = p;
    m->single = single;
    m->columns = single ? (samples + LANES - 1) / LANES : samples;
    int64_t slots = single ? (p->slots + LANES - 1) / LANES : p->slots;
    b->vectors = single ? (p->parameters + LANES - 1) / LANES : p->parameters;
    int64_t kept = (1 + state_count(job)) * b->vectors;
    int64_t times = most_times(p), rows = p->sample_rows + times;
    int64_t size = rows * m->columns + p->once_rows + 2 * slots + 2 * kept;
    b->arena = calloc((size_t)(size + 1), sizeof(Vector));
    m->calls = malloc((size_t)(p->count + 1) * sizeof(Call));
    if (!b->arena || !m->calls || count_in_order(m, p)) return -1;
    char *free = (char *)(((uintptr_t)b->arena + sizeof(Vector) - 1) & ~(sizeof(Vector) - 1));
    m->samples = take(&free, p->sample_rows * m->columns);
    m->ones = take(&free, times * m->columns);
    m->once = take(&free, p->once_rows);
    m->weights = (double *)take(&free, slots);
    m->gradient = (double *)take(&free, slots);
    for (int64_t n = 0; n < state_count(job); n++) b->states[n] = take(&free, b->vectors);
    b->backup = take(&free, kept);
    for (int64_t n = 0; n < p->count; n++) {
        m->calls[n] = with_long_rows(m, find_operands(m, p->instructions + n));
        m->calls[n].run = operation_of(p->instructions + n);
    }
    for (int64_t n = 0; n < times * m->columns; n++) m->ones[n] = splat(1.0);
    for (int64_t n = 0; n < p->constant_count; n++)
        m->once[FIRST_CONSTANT + n] = splat(p->constants[n]);
    return 0;
}

static void release_block(Block *b) {
    free(b->arena);
    free(b->memory.calls);
    free(b->memory.in_order);
}

static int64_t replica_of(const Block *b, int64_t lane) {
    return b->first + least(lane, b->lanes - 1);
}

/* Between an array [replicas, parameters] and a block's vectors of parameters. */

static void load(const Block *b, const double *from, double *to) {
    int64_t count = b->job->program->parameters;
    if (b->memory.single) memcpy(to, from + b->first * count, (size_t)count * sizeof(double));
    else
        for (int64_t lane = 0; lane < LANES; lane++)
            for (int64_t n = 0; n < count; n++)
                to[n * LANES + lane] = from[replica_of(b, lane) * count + n];
}

static void store(const Block *b, const double *from, double *to) {
    int64_t count = b->job->program->parameters;
    if (b->memory.single) memcpy(to + b->first * count, from, (size_t)count * sizeof(double));
    else
        for (int64_t lane = 0; lane < b->lanes; lane++)
            for (int64_t n = 0; n < count; n++)
                to[(b->first + lane) * count + n] = from[n * LANES + lane];
}

/* Batches */

static const int64_t *chosen_samples(const Job *job, int64_t step, int64_t replica) {
    if (!job->chosen) return NULL;
    int64_t row = job->chosen_each ? step * job->replicas + replica : step;
    return job->chosen + row * job->batch;
}

/* A number of an array that was checked before the interpreter's lock was released: a thread of
   Python may have changed it since. It is read once, and no further from its range than its end. */
INLINE int64_t within(const int64_t *number, int64_t lowest, int64_t highest) {
    int64_t now = __atomic_load_n(number, __ATOMIC_RELAXED);
    return now < lowest ? lowest : now > highest ? highest : now;
}

/* One sample after the other at `to`, `apart` doubles apart, the last repeated: column `lane`. */
static void fill_lane(const Block *b, int64_t step, int64_t replica, int64_t start, int64_t size,
                      double *to, int64_t apart, int64_t row_size) {
    const Job *job = b->job;
    const int64_t *chosen = chosen_samples(job, step, replica);
    int64_t rows = job->program->argument_rows, count = row_size / apart, places[CHUNK];
    const double *data = job->inputs + (job->inputs_each ? replica * rows * job->samples : 0);
    for (int64_t c = 0; c < count; c++) {
        int64_t sample = least(start + c, size - 1);
        places[c] = chosen ? within(chosen + sample, 0, job->samples - 1) : sample;
    }
    for (int64_t row = 0; row < rows; row++, data += job->samples, to += row_size)
        for (int64_t c = 0; c < count; c++) to[c * apart] = data[places[c]];
}

static void fill_weights(const Block *b, int64_t start, int64_t size) {
    const Memory *m = &b->memory;
    int64_t apart = m->single ? 1 : LANES, count = m->columns * LANES;
    double *weights = (double *)find_row(m, 0, WEIGHT_ROW);
    double *mask = (double *)find_row(m, 0, MASK_ROW);
    for (int64_t n = 0; n < count; n++) {
        int is_sample = start + n / apart < size;
        weights[n] = is_sample ? 1.0 / (double)size : 0.0;
        mask[n] = is_sample ? 1.0 : 0.0;
    }
    m->once[FIRST_CHUNK] = splat(start == 0 ? 1.0 : 0.0);
}

/* The samples from `start` on, of a batch of `size`. A full batch in one chunk stays in place. */
static void fill(Block *b, int64_t step, int64_t start, int64_t size) {
    Memory *m = &b->memory;
    double *rows = (double *)find_row(m, 0, FIRST_ARGUMENT);
    int64_t row_size = m->columns * LANES;
    if (m->single) fill_lane(b, step, b->first, start, size, rows, 1, row_size);
    else
        for (int64_t lane = 0; lane < LANES; lane++)
            fill_lane(b, step, replica_of(b, lane), start, size, rows + lane, LANES, row_size);
    fill_weights(b, start, size);
    execute_calls(m, m->calls, m->calls + m->program->fixed);
    b->is_filled = !b->job->chosen && b->chunk >= size;
}

static void store_outputs(const Block *b, int64_t start, int64_t size) {
    const Memory *m = &b->memory;
    const Job *job = b->job;
    const Program *p = job->program;
    int64_t lanes = m->single ? 1 : b->lanes, apart = m->single ? 1 : LANES;
    for (int64_t n = 0; n < p->outputs; n++) {
        const int32_t *entry = p->table + p->output_table + 2 * n;
        for (int64_t lane = 0; lane < lanes; lane++)
            for (int64_t c = 0; c < b->chunk && start + c < size; c++) {
                const double *from = entry[1] == IN_SAMPLES
                    ? (const double *)find_row(m, 0, entry[0]) + c * apart
                    : entry[1] == IN_ONCE ? (const double *)(m->once + entry[0])
                    : m->weights + entry[0] * slot_size(m);
                int64_t place = (b->first + lane) * job->batch + start + c;
                job->outputs[place * p->outputs + n] = from[lane];
            }
    }
}

/* The gradient's norm */

INLINE Vector sum_of_squares_in(int single, const Vector *g, int64_t vectors, Vector scale) {
    Vector sums[PARTIALS];
    int parts = single ? GROUPS : PARTIALS;
    int64_t n = 0;
    for (int part = 0; part < parts; part++) sums[part] = (Vector){0};
    for (; n + parts <= vectors; n += parts)
        UNROLL for (int part = 0; part < parts; part++) {
            Vector slope = g[n + part] * scale;
            sums[part] = fused(slope, slope, sums[part]);
        }
    for (int part = 0; n < vectors; n++, part++) {
        Vector slope = g[n] * scale;
        sums[part] = fused(slope, slope, sums[part]);
    }
    return single ? total_of(sums) : tree(sums, 1, PARTIALS);
}

static Vector sum_of_squares(const Block *b, Vector scale) {
    const Vector *g = (const Vector *)b->memory.gradient;
    return b->memory.single ? sum_of_squares_in(1, g, b->vectors, scale)
                            : sum_of_squares_in(0, g, b->vectors, scale);
}

/* For squares beyond the range of doubles: scaled by a power of 2, and back. */
RARE Vector scaled_norm(const Block *b) {
    const Vector *g = (const Vector *)b->memory.gradient;
    Vector largest = {0}, up, down;
    for (int64_t n = 0; n < b->vectors; n++) largest = maximum(absolute(g[n]), largest);
    if (b->memory.single)
        EACH_LANE(i) largest = maximum(splat(largest[i]), largest);
    EACH_LANE(i) {
        int exponent = 0;
        if (isfinite(largest[i])) frexp(largest[i], &exponent);
        up[i] = ldexp(1.0, (int)-least(exponent > -1000 ? exponent : -1000, 1000));
        down[i] = 1 / up[i];
    }
    return vector_sqrt(sum_of_squares(b, up)) * down;
}

INLINE Vector gradient_norm(const Block *b) {
    Vector squares = sum_of_squares(b, splat(1.0));
    if (all(less(splat(0x1p-900), squares) & less(squares, splat(0x1p1000))))
        return vector_sqrt(squares);
    return scaled_norm(b);
}

static void scale_gradient(const Block *b, Vector scale) {
    Vector *g = (Vector *)b->memory.gradient;
    Mask is_less = less(scale, splat(1.0));
    for (int64_t n = 0; n < b->vectors; n++) g[n] = where(is_less, g[n] * scale, g[n]);
}

/* As optim/clipping.py: first each slope by its size, then all together by their norm. */
static void clip(const Block *b) {
    const Job *job = b->job;
    Vector *g = (Vector *)b->memory.gradient;
    if (isfinite(job->clip_value))
        for (int64_t n = 0; n < b->vectors; n++)
            g[n] = maximum(minimum(g[n], splat(job->clip_value)), splat(-job->clip_value));
    if (isfinite(job->clip_norm))
        scale_gradient(b, splat(job->clip_norm) / (gradient_norm(b) + splat(1e-6)));
}

/* Steps */

/* The barrier keeps it a loop: for so few, a call of memset takes longer. */
static void clear_slots(const Memory *m, double *slots) {
    int64_t vectors = (m->program->slots * slot_size(m) + LANES - 1) / LANES;
    for (int64_t n = 0; n < vectors; n++) {
        ((Vector *)slots)[n] = (Vector){0};
        __asm__ volatile("" : : : "memory");
    }
}

static void forward_and_backward(Block *b, int64_t step, int64_t size) {
    const Job *job = b->job;
    const Program *p = job->program;
    Memory *m = &b->memory;
    const Call *end = m->calls + (job->slopes ? p->count : p->forward);
    clear_slots(m, m->gradient);
    m->doubt = splat(0.0);
    for (int64_t start = 0; start < size; start += b->chunk) {
        if (!b->is_filled) fill(b, step, start, size);
        execute_calls(m, m->calls + p->fixed, end);
        if (job->outputs && step == job->steps - 1) store_outputs(b, start, size);
    }
}

/* Writes a number a lane into an array [steps, replicas], if it is asked for. The next step's place
   is far away, and fetched meanwhile: a store that waits for it holds up those after it. */
INLINE void put(const Block *b, double *array, int64_t step, Vector value) {
    if (!array) return;
    double *to = array + step * b->job->replicas + b->first;
    __builtin_prefetch(to + b->job->replicas, 1);
    if (b->lanes == LANES) *(Unaligned *)to = value;
    else
        for (int64_t lane = 0; lane < b->lanes; lane++) to[lane] = value[lane];
}

INLINE void put_all(const Block *b, int64_t step, Vector loss, Vector norm, Vector right) {
    put(b, b->job->losses, step, loss);
    put(b, b->job->norms, step, norm);
    put(b, b->job->correct, step, right);
}

/* Notes which lanes broke at this step; gives how many are alive. */
RARE int64_t count_alive(Block *b, int64_t step) {
    int64_t alive = 0;
    for (int64_t lane = 0; lane < b->lanes; lane++) {
        int was_alive = b->is_alive[lane];
        b->is_alive[lane] = b->trouble[lane] == b->trouble[lane];
        if (was_alive && !b->is_alive[lane]) b->job->done[b->first + lane] = step;
        alive += b->is_alive[lane];
    }
    return alive;
}

/* Writes down the step's numbers, nan from the step on that a lane broke at. Gives how many lanes
   are alive. */
static int64_t record(Block *b, int64_t step) {
    const Job *job = b->job;
    const Memory *m = &b->memory;
    Vector loss = read_slot(m->single, m->gradient, job->program->loss_slot);
    Vector right = read_slot(m->single, m->gradient, job->program->correct_slot);
    Vector norm = job->slopes ? gradient_norm(b) : splat(0.0), doubt = m->doubt;
    if (m->single && !all(equal(doubt, doubt))) doubt = splat(NAN); /* any sample's */
    b->trouble += (loss - loss) + (norm - norm) + doubt;
    Mask alive = equal(b->trouble, b->trouble);
    if (LIKELY(all(alive))) {
        put_all(b, step, loss, norm, right);
        return b->lanes;
    }
    Vector nan = splat(NAN);
    put_all(b, step, where(alive, loss, nan), where(alive, norm, nan), where(alive, right, nan));
    return count_alive(b, step);
}

static void move_parameters(const Block *b, int64_t step) {
    const Job *job = b->job;
    const double *rates = job->rates + step * (job->rates_each ? job->replicas : 1);
    Vector lr;
    EACH_LANE(i) {
        int64_t replica = replica_of(b, b->memory.single ? 0 : i);
        lr[i] = rates[job->rates_each ? replica : 0];
    }
    move((int)job->rule, b->vectors, (Vector *)b->memory.weights,
         (const Vector *)b->memory.gradient, lr, b->states, job->numbers + step * NUMBERS);
}

/* Swaps what the lanes that are alive no longer would become for what they are. */
static void restore_lanes(const Block *b, Vector *now, const Vector *before) {
    for (int64_t n = 0; n < b->vectors; n++)
        for (int64_t lane = 0; lane < b->lanes; lane++)
            if (!b->is_alive[lane]) now[n][lane] = before[n][lane];
}

static void move_those_alive(const Block *b, int64_t step) {
    Vector *weights = (Vector *)b->memory.weights, *backup = b->backup;
    int64_t states = state_count(b->job);
    size_t size = (size_t)b->vectors * sizeof(Vector);
    memcpy(backup, weights, size);
    for (int64_t n = 0; n < states; n++)
        memcpy(backup + (n + 1) * b->vectors, b->states[n], size);
    move_parameters(b, step);
    restore_lanes(b, weights, backup);
    for (int64_t n = 0; n < states; n++)
        restore_lanes(b, b->states[n], backup + (n + 1) * b->vectors);
}

static void run_steps(Block *b) {
    const Job *job = b->job;
    for (int64_t step = 0; step < job->steps; step++) {
        int64_t size = job->sizes ? within(job->sizes + step, 1, job->batch) : job->batch;
        forward_and_backward(b, step, size);
        int64_t alive = record(b, step);
        if (job->gradient && step == job->steps - 1) store(b, b->memory.gradient, job->gradient);
        if (!alive) {
            Vector nan = splat(NAN);
            while (++step < job->steps) put_all(b, step, nan, nan, nan);
            return;
        }
        if (job->rule < 0) continue;
        clip(b);
        if (alive == b->lanes) move_parameters(b, step);
        else move_those_alive(b, step);
    }
}

static void run_block(Block *b, int64_t first, int64_t lanes) {
    const Job *job = b->job;
    int64_t size = job->replicas * job->program->parameters;
    b->first = first;
    b->lanes = lanes;
    b->is_filled = 0;
    b->trouble = splat(0.0);
    EACH_LANE(i) b->is_alive[i] = 1;
    for (int64_t lane = 0; lane < lanes; lane++) job->done[first + lane] = job->steps;
    load(b, job->before ? job->before : job->parameters, b->memory.weights);
    const double *states = job->states_before ? job->states_before : job->states;
    for (int64_t n = 0; n < state_count(job); n++)
        load(b, states + n * size, (double *)b->states[n]);
    run_steps(b);
    if (job->rule < 0) return;
    store(b, b->memory.weights, job->parameters);
    for (int64_t n = 0; n < state_count(job); n++)
        store(b, (const double *)b->states[n], job->states + n * size);
}

/* Fewer replicas than this run one after the other, each with its samples as lanes. */
enum { WORTH_A_BLOCK = LANES / 4 + 1 };

static int run(const Job *job) {
    int64_t left = job->last - job->first, single = left < WORTH_A_BLOCK;
    Block block = {0};
    int error = prepare_block(&block, job, (int)single);
    for (int64_t r = job->first; !error && r < job->last; r += single ? 1 : LANES)
        run_block(&block, r, single ? 1 : least(job->last - r, LANES));
    release_block(&block);
    return error;
}

#endif
