/* What one call of the machine is asked to do, and the arrays that it reads and fills. */
#ifndef MINIGRAD_JOB_H
#define MINIGRAD_JOB_H

#include "instruction.h"

/* Samples of a batch are run in chunks of at most CHUNK, so that a chunk's rows stay in the caches
   near the core. Where chunks begin depends on the batch's size alone: their sums are added in
   order, and so it decides the last bits. */
enum { CHUNK = 128 };

/* The update rules, how many states each has, and of how many numbers its settings and what each
   step needs are made; rules.h has the formulas. */
enum { SGD, ADAM, RMSPROP, ADAGRAD, ADADELTA, ADAMAX, NADAM, RADAM, RULE_COUNT, NO_RULE = -1 };
enum { MAX_STATES = 3, SETTINGS = 8, NUMBERS = 8 };
static const int64_t rule_states[] = {
    [SGD] = 1, [ADAM] = 3, [RMSPROP] = 3, [ADAGRAD] = 1, [ADADELTA] = 2, [ADAMAX] = 2, [NADAM] = 2,
    [RADAM] = 2,
};

/* Replicas differ in their parameters and, where `..._each` says so, in their inputs, rates and
   chosen samples. Arrays are in C order. */
typedef struct {
    const Program *program;
    int64_t replicas, first, last;       /* it runs the replicas first ... last - 1 */
    int64_t steps, batch, samples;       /* of each step, of the data */
    int64_t slopes;                      /* whether to go the way back */
    double *parameters;                  /* [replicas, parameters]: those after the last step */
    const double *before;                /* those before the first; NULL: they are in `parameters` */
    const double *inputs;                /* [replicas or 1, argument rows, samples] */
    int64_t inputs_each;
    const int64_t *chosen;               /* [steps, replicas or 1, batch], NULL: all samples */
    int64_t chosen_each;
    const int64_t *sizes;                /* [steps], of their batches; NULL: all are full */
    int64_t rule;                        /* of the optimizer, or NO_RULE */
    double *states;                      /* [states of the rule, replicas, parameters], after */
    const double *states_before;         /* NULL: they are in `states` */
    const double *numbers;               /* [steps, NUMBERS] */
    const double *rates;                 /* [steps, replicas or 1] */
    int64_t rates_each;
    double clip_norm, clip_value;        /* infinite: no clipping */
    double *losses, *norms, *correct;    /* [steps, replicas]; the latter two may be NULL */
    int64_t *done;                       /* [replicas]: steps before the first that broke */
    double *gradient;                    /* [replicas, parameters] of the last step, or NULL */
    double *outputs;                     /* [replicas, batch, outputs] of the last step, or NULL */
} Job;

/* A build of the machine for one kind of processor. */
typedef struct {
    const char *name;
    int lanes;
    int (*supported)(void);
    int (*run)(const Job *job); /* 0, or -1 where memory is lacking */
    void (*numbers)(int rule, const double *settings, int64_t t, int64_t steps, double *carried,
                    double *numbers);
    int64_t (*repeat)(int divide, int64_t turns);
} Machine;

#endif
