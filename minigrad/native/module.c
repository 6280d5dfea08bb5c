/* The machine's Python face, minigrad.native._machine, in the limited API: one build serves every
   Python from 3.11 on. Arrays come as buffers; each one's size is checked before it is used. */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include "check.h"
#include "job.h"

#include <stdlib.h>
#include <string.h>

extern const Machine machine_baseline;
#if defined(__x86_64__)
extern const Machine machine_avx2, machine_avx512;
static const Machine *const machines[] = {&machine_avx512, &machine_avx2, &machine_baseline};
#else
static const Machine *const machines[] = {&machine_baseline};
#endif
enum { MACHINES = sizeof machines / sizeof *machines };

static const char *const operation_names[] = {
#define OP(name, uses) #name,
    INSTRUCTIONS(OP)
#undef OP
};

static const char capsule_name[] = "minigrad.native.Program";

static const Machine *find_machine(const char *name) {
    for (int n = 0; n < MACHINES; n++)
        if (strcmp(machines[n]->name, name) == 0 && machines[n]->supported()) return machines[n];
    PyErr_Format(PyExc_ValueError, "this processor has no machine %s", name);
    return NULL;
}

static PyObject *names(const char *const *list, int count) {
    PyObject *tuple = PyTuple_New(count);
    for (int n = 0; tuple && n < count; n++) {
        PyObject *name = PyUnicode_FromString(list[n]);
        if (!name || PyTuple_SetItem(tuple, n, name)) Py_CLEAR(tuple);
    }
    return tuple;
}

static PyObject *list_operations(PyObject *self, PyObject *none) {
    (void)self, (void)none;
    return names(operation_names, OP_COUNT);
}

static PyObject *list_machines(PyObject *self, PyObject *none) {
    (void)self, (void)none;
    const char *list[MACHINES];
    int count = 0;
    for (int n = 0; n < MACHINES; n++)
        if (machines[n]->supported()) list[count++] = machines[n]->name;
    return names(list, count);
}

/* repeat(machine, divide, turns) -> how many numbers were computed */

static PyObject *repeat(PyObject *self, PyObject *args) {
    (void)self;
    const char *name;
    int divide;
    long long turns;
    if (!PyArg_ParseTuple(args, "spL", &name, &divide, &turns)) return NULL;
    const Machine *machine = find_machine(name);
    return machine ? PyLong_FromLongLong(machine->repeat(divide, turns)) : NULL;
}

/* prepare(instructions, table, constants, sizes) -> Program */

static void release_program(Program *p) {
    free(p->instructions);
    free(p->table);
    free(p->constants);
    free(p);
}

static void release_capsule(PyObject *capsule) {
    release_program(PyCapsule_GetPointer(capsule, capsule_name));
}

static void *copy(const Py_buffer *buffer) {
    void *own = malloc((size_t)buffer->len + 1);
    if (own) memcpy(own, buffer->buf, (size_t)buffer->len);
    return own;
}

/* The table, in half of the memory; NULL where a number does not fit, or memory is lacking. */
static int32_t *copy_table(const Py_buffer *buffer) {
    size_t count = (size_t)buffer->len / sizeof(int64_t);
    int32_t *own = malloc((count + 1) * sizeof *own);
    for (size_t n = 0; own && n < count; n++) {
        int64_t number;
        memcpy(&number, (const char *)buffer->buf + n * sizeof number, sizeof number);
        own[n] = (int32_t)number;
        if (is_small(number)) continue;
        free(own);
        own = NULL;
        PyErr_SetString(PyExc_ValueError,
                        "the program cannot run: its table has a place outside memory");
    }
    return own;
}

static PyObject *checked(Program *p) {
    if (!p->instructions || !p->table || !p->constants)
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    const char *error = sizes_error(p);
    if (error) return PyErr_Format(PyExc_ValueError, "the program cannot run: %s", error);
    for (int64_t n = 0; n < p->count; n++)
        if ((error = instruction_error(p, p->instructions + n)))
            return PyErr_Format(PyExc_ValueError, "instruction %lld cannot run: %s", (long long)n,
                                error);
    return PyCapsule_New(p, capsule_name, release_capsule);
}

static PyObject *prepare(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer code, table, constants;
    Program *p = calloc(1, sizeof *p);
    if (!p) return PyErr_NoMemory();
    long long sizes[11];
    if (!PyArg_ParseTuple(args, "y*y*y*(LLLLLLLLLLL)", &code, &table, &constants, &sizes[0],
                          &sizes[1], &sizes[2], &sizes[3], &sizes[4], &sizes[5], &sizes[6],
                          &sizes[7], &sizes[8], &sizes[9], &sizes[10])) {
        free(p);
        return NULL;
    }
    p->instructions = copy(&code);
    p->count = code.len / (Py_ssize_t)sizeof(Instruction);
    p->table = copy_table(&table);
    p->table_count = table.len / (Py_ssize_t)sizeof(int64_t);
    p->constants = copy(&constants);
    p->constant_count = constants.len / (Py_ssize_t)sizeof(double);
    int64_t *const fields[] = {&p->fixed, &p->forward, &p->sample_rows, &p->once_rows, &p->parameters,
                               &p->slots, &p->loss_slot, &p->correct_slot, &p->argument_rows,
                               &p->outputs, &p->output_table};
    for (int n = 0; n < 11; n++) *fields[n] = sizes[n];
    PyBuffer_Release(&code);
    PyBuffer_Release(&table);
    PyBuffer_Release(&constants);
    PyObject *capsule = checked(p);
    if (!capsule) release_program(p);
    return capsule;
}

/* numbers(machine, rule, settings, t, carried) -> bytes: what the steps of a rule need */

static PyObject *list_numbers(PyObject *self, PyObject *args) {
    (void)self;
    const char *name;
    int rule;
    long long t;
    Py_buffer settings, carried;
    if (!PyArg_ParseTuple(args, "siy*Lw*", &name, &rule, &settings, &t, &carried)) return NULL;
    int64_t steps = carried.len / (Py_ssize_t)sizeof(double) - 1;
    const Machine *machine = find_machine(name);
    PyObject *bytes = NULL;
    if (rule < 0 || rule >= RULE_COUNT || settings.len != SETTINGS * sizeof(double) || steps < 0)
        PyErr_SetString(PyExc_ValueError, "there is no such rule, or its settings do not fit");
    else if (machine) {
        bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(steps * NUMBERS * sizeof(double)));
        if (bytes) {
            double *out = (double *)PyBytes_AsString(bytes);
            machine->numbers(rule, settings.buf, t, steps, carried.buf, out);
        }
    }
    PyBuffer_Release(&settings);
    PyBuffer_Release(&carried);
    return bytes;
}

/* run(machine, program, counts, limits, arrays): the arrays' names and shapes are in job.h */

enum {
    PARAMETERS, INPUTS, CHOSEN, SIZES, STATES, RULE_NUMBERS, RATES, LOSSES, NORMS, CORRECT, DONE,
    GRADIENT, OUTPUTS, BEFORE, STATES_BEFORE, ARRAYS
};
static const char *const array_names[] = {
    "parameters", "inputs", "chosen", "sizes", "states", "numbers", "rates", "losses", "norms",
    "correct", "done", "gradient", "outputs", "parameters before", "states before",
};
enum {
    OPTIONAL = 1 << CHOSEN | 1 << SIZES | 1 << NORMS | 1 << CORRECT | 1 << GRADIENT |
               1 << OUTPUTS | 1 << BEFORE | 1 << STATES_BEFORE
};
enum {
    READ_ONLY = 1 << INPUTS | 1 << CHOSEN | 1 << SIZES | 1 << RULE_NUMBERS | 1 << RATES |
                1 << BEFORE | 1 << STATES_BEFORE
};

/* count * size without overflow, -1 if it is too large. */
static int64_t times(int64_t count, int64_t size) {
    int64_t product;
    return count < 0 || size < 0 || __builtin_mul_overflow(count, size, &product) ? -1 : product;
}

static int has_rule(const Job *job) { return job->rule >= 0; }

/* How many numbers of eight bytes each array must have; -1 if they are too many. */
static void count_numbers(const Job *job, int64_t *counts) {
    const Program *p = job->program;
    int64_t each = times(job->replicas, p->parameters), steps = job->steps;
    counts[PARAMETERS] = counts[BEFORE] = counts[GRADIENT] = each;
    counts[INPUTS] = times(times(job->inputs_each ? job->replicas : 1, p->argument_rows),
                           job->samples);
    counts[CHOSEN] = times(times(job->chosen_each ? job->replicas : 1, steps), job->batch);
    counts[SIZES] = steps;
    counts[STATES] = has_rule(job) ? times(each, rule_states[job->rule]) : 0;
    counts[STATES_BEFORE] = counts[STATES];
    counts[RULE_NUMBERS] = has_rule(job) ? times(steps, NUMBERS) : 0;
    counts[RATES] = has_rule(job) ? times(steps, job->rates_each ? job->replicas : 1) : 0;
    counts[LOSSES] = counts[NORMS] = counts[CORRECT] = times(steps, job->replicas);
    counts[DONE] = job->replicas;
    counts[OUTPUTS] = times(times(job->replicas, job->batch), p->outputs);
}

static int get_arrays(PyObject *tuple, const Job *job, Py_buffer *buffers) {
    int64_t counts[ARRAYS];
    count_numbers(job, counts);
    if (!PyTuple_Check(tuple) || PyTuple_Size(tuple) != ARRAYS) {
        PyErr_SetString(PyExc_TypeError, "arrays come in a tuple of 15");
        return -1;
    }
    for (int n = 0; n < ARRAYS; n++) {
        PyObject *array = PyTuple_GetItem(tuple, n);
        if (Py_IsNone(array) && OPTIONAL >> n & 1) continue;
        int flags = READ_ONLY >> n & 1 ? PyBUF_SIMPLE : PyBUF_WRITABLE;
        if (PyObject_GetBuffer(array, buffers + n, flags)) return -1;
        int64_t bytes = times(counts[n], 8);
        if (bytes < 0 || buffers[n].len != bytes || (uintptr_t)buffers[n].buf % 8) {
            PyErr_Format(PyExc_ValueError, "%s: %lld numbers of 8 bytes are needed",
                         array_names[n], (long long)counts[n]);
            return -1;
        }
    }
    return 0;
}

static const char *job_error(const Job *job) {
    if (job->replicas < 1 || job->steps < 0 || job->batch < 1 || job->samples < 1 ||
        !is_small(job->replicas) || !is_small(job->steps) || !is_small(job->batch) ||
        !is_small(job->samples))
        return "its counts are out of range";
    if (job->first < 0 || job->last < job->first || job->last > job->replicas)
        return "its replicas are out of range";
    if (job->rule >= RULE_COUNT || (has_rule(job) && !job->slopes)) return "it has no such rule";
    return NULL;
}

/* Places are checked before the first step, so that a wrong one is refused by name. */
static const char *batch_error(const Job *job) {
    if (!job->chosen && job->batch != job->samples) return "a full batch has all samples";
    int64_t apart = (job->chosen_each ? job->replicas : 1) * job->batch;
    int64_t first = job->chosen_each ? job->first * job->batch : 0;
    int64_t last = job->chosen_each ? job->last * job->batch : job->batch;
    for (int64_t step = 0; job->chosen && step < job->steps; step++)
        for (int64_t n = step * apart + first; n < step * apart + last; n++)
            if (job->chosen[n] < 0 || job->chosen[n] >= job->samples)
                return "a chosen sample is not there";
    for (int64_t n = 0; job->sizes && n < job->steps; n++)
        if (job->sizes[n] < 1 || job->sizes[n] > job->batch)
            return "a batch's size is out of range";
    return NULL;
}

static void set_arrays(Job *job, const Py_buffer *b) {
    job->parameters = b[PARAMETERS].buf;
    job->inputs = b[INPUTS].buf;
    job->chosen = b[CHOSEN].buf;
    job->sizes = b[SIZES].buf;
    job->states = b[STATES].buf;
    job->numbers = b[RULE_NUMBERS].buf;
    job->rates = b[RATES].buf;
    job->losses = b[LOSSES].buf;
    job->norms = b[NORMS].buf;
    job->correct = b[CORRECT].buf;
    job->done = b[DONE].buf;
    job->gradient = b[GRADIENT].buf;
    job->outputs = b[OUTPUTS].buf;
    job->before = b[BEFORE].buf;
    job->states_before = b[STATES_BEFORE].buf;
}

static PyObject *run_job(const Machine *machine, Job *job, PyObject *arrays) {
    Py_buffer buffers[ARRAYS];
    memset(buffers, 0, sizeof buffers);
    const char *error = job_error(job);
    int failed = 0;
    if (!error && !(failed = get_arrays(arrays, job, buffers))) {
        set_arrays(job, buffers);
        error = batch_error(job);
    }
    if (error) PyErr_Format(PyExc_ValueError, "the job cannot run: %s", error);
    else if (!failed) {
        Py_BEGIN_ALLOW_THREADS
        failed = machine->run(job);
        Py_END_ALLOW_THREADS
        if (failed) PyErr_NoMemory();
    }
    for (int n = 0; n < ARRAYS; n++)
        if (buffers[n].obj) PyBuffer_Release(buffers + n);
    if (error || failed) return NULL;
    Py_RETURN_NONE;
}

static PyObject *run(PyObject *self, PyObject *args) {
    (void)self;
    const char *name;
    PyObject *capsule, *arrays;
    long long n[11];
    Job job = {0};
    if (!PyArg_ParseTuple(args, "sO(LLLLLLLLLLL)(dd)O", &name, &capsule, &n[0], &n[1], &n[2],
                          &n[3], &n[4], &n[5], &n[6], &n[7], &n[8], &n[9], &n[10], &job.clip_norm,
                          &job.clip_value, &arrays))
        return NULL;
    const Machine *machine = find_machine(name);
    job.program = PyCapsule_GetPointer(capsule, capsule_name);
    if (!machine || !job.program) return NULL;
    int64_t *const fields[] = {&job.replicas, &job.first, &job.last, &job.steps, &job.batch,
                               &job.samples, &job.slopes, &job.inputs_each, &job.chosen_each,
                               &job.rates_each, &job.rule};
    for (int field = 0; field < 11; field++) *fields[field] = n[field];
    return run_job(machine, &job, arrays);
}

static PyMethodDef methods[] = {
    {"operations", list_operations, METH_NOARGS, "The names of the machine's operations."},
    {"machines", list_machines, METH_NOARGS, "The machines this processor can run, best first."},
    {"repeat", repeat, METH_VARARGS, "Multiply-adds or divisions at the processor's peak."},
    {"prepare", prepare, METH_VARARGS, "Check a program against the memory that it touches."},
    {"numbers", list_numbers, METH_VARARGS, "What the steps of an update rule need, as bytes."},
    {"run", run, METH_VARARGS, "Run steps of a program, without the interpreter's lock."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_machine", "A small machine for array programs.", 0, methods, slots,
    NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__machine(void) { return PyModuleDef_Init(&module); }
