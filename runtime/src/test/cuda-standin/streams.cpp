// Streams, events and host callbacks. A stream is a queue with a worker thread of its own; an event is the completion
// of a piece of work that does nothing, and waiting for one is work that comes after it.
#include <unistd.h>

#include <cstdio>
#include <random>

#include "driver.h"

static constexpr unsigned NON_BLOCKING = 1;    // CU_STREAM_NON_BLOCKING
static constexpr unsigned DISABLE_TIMING = 2;  // CU_EVENT_DISABLE_TIMING

// ---------------------------------------------------------------- completions

void Completion::set() {
    {
        std::lock_guard<std::mutex> lock(mutex);
        done = true;
        time_ns = now_ns();
    }
    changed.notify_all();
}

void Completion::wait() {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return done; });
}

bool Completion::is_set() {
    std::lock_guard<std::mutex> lock(mutex);
    return done;
}

// ---------------------------------------------------------------- workers

static void work_off(Stream* stream) {
    char name[16];
    snprintf(name, sizeof name, "standin-s%d", stream->id);
    prepare_worker_thread(name);
    std::mt19937 random(stream->id * 7919u + settings.seed);
    for (;;) {
        Work work;
        {
            std::unique_lock<std::mutex> lock(stream->mutex);
            stream->arrived.wait(lock, [&] { return stream->stopped || !stream->queue.empty(); });
            if (stream->queue.empty()) return;
            work = std::move(stream->queue.front());
            stream->queue.pop_front();
        }
        for (CompletionRef& completion : work.after) completion->wait();
        while (settings.paused) usleep(100);
        if (int longest_us = settings.jitter_us) usleep(random() % longest_us);
        if (work.run && !stream->context->fault) {
            trace("begin s%d %s", stream->id, work.what.c_str());
            CUresult status = work.run();
            trace("end s%d %s status=%d", stream->id, work.what.c_str(), status);
            if (status != SUCCESS) stream->context->fault = status;
        }
        work.done->set();
    }
}

static Stream* new_stream(Context* context, unsigned flags, int priority) {
    static std::atomic<int> ids{0};
    Stream* stream = new Stream;
    stream->context = context;
    stream->flags = flags;
    stream->blocking = !(flags & NON_BLOCKING);
    stream->id = ids++;
    stream->priority = priority;
    return stream;
}

static CompletionRef last_of(Stream* stream) {
    std::lock_guard<std::mutex> lock(stream->mutex);
    return stream->last;
}

static void add_unfinished(Stream* stream, std::vector<CompletionRef>& list) {
    CompletionRef last = last_of(stream);
    if (last && !last->is_set()) list.push_back(last);
}

// The legacy default stream waits for all blocking streams, and they for it.
CompletionRef enqueue(Stream* stream, std::string what, std::function<CUresult()> run,
                      std::vector<CompletionRef> after) {
    Context* context = stream->context;
    auto done = std::make_shared<Completion>();
    std::lock_guard<std::mutex> lock(context->mutex);
    if (stream == context->legacy) {
        for (Stream* other : context->streams) {
            if (other->blocking) add_unfinished(other, after);
        }
    } else if (stream->blocking && context->legacy) {
        add_unfinished(context->legacy, after);
    }
    {
        std::lock_guard<std::mutex> queue_lock(stream->mutex);
        if (!stream->started) {
            std::thread(work_off, stream).detach();
            stream->started = true;
        }
        stream->queue.push_back({std::move(what), std::move(run), std::move(after), done});
        stream->last = done;
    }
    stream->arrived.notify_one();
    return done;
}

// Handles 0, 1 and 2 are the default stream; null stands for a handle that is no stream of this context.
Stream* find_stream(Context* context, void* handle) {
    if ((uintptr_t)handle <= 2) {
        std::lock_guard<std::mutex> lock(context->mutex);
        if (!context->legacy) context->legacy = new_stream(context, 0, 0);
        return context->legacy;
    }
    return is_handle(handle) ? (Stream*)handle : nullptr;
}

void finish_all(Context* context) {
    std::vector<CompletionRef> unfinished;
    {
        std::lock_guard<std::mutex> lock(context->mutex);
        for (Stream* stream : context->streams) add_unfinished(stream, unfinished);
        if (context->legacy) add_unfinished(context->legacy, unfinished);
    }
    for (CompletionRef& completion : unfinished) completion->wait();
}

// The worker ends when the queue is empty.
static void stop(Stream* stream) {
    {
        std::lock_guard<std::mutex> lock(stream->mutex);
        stream->stopped = true;
    }
    stream->arrived.notify_one();
    if (CompletionRef last = last_of(stream)) last->wait();
}

void destroy_streams(Context* context) {
    std::set<Stream*> streams;
    {
        std::lock_guard<std::mutex> lock(context->mutex);
        streams.swap(context->streams);
        if (context->legacy) streams.insert(context->legacy);
        context->legacy = nullptr;
    }
    for (Stream* stream : streams) {
        drop_handle(stream);
        stop(stream);
    }
}

// ---------------------------------------------------------------- streams

static CUresult create_stream(void** handle, unsigned flags, int priority) {
    NEED_CONTEXT(context);
    Stream* stream = new_stream(context, flags, priority);
    {
        std::lock_guard<std::mutex> lock(context->mutex);
        context->streams.insert(stream);
    }
    add_handle(stream);
    *handle = stream;
    trace("stream s%d", stream->id);
    return SUCCESS;
}

API CUresult cuStreamCreate(void** handle, unsigned flags) {
    ENTER(cuStreamCreate);
    return create_stream(handle, flags, 0);
}

API CUresult cuStreamCreateWithPriority(void** handle, unsigned flags, int priority) {
    ENTER(cuStreamCreateWithPriority);
    return create_stream(handle, flags, priority);
}

API CUresult cuStreamDestroy_v2(void* handle) {
    ENTER(cuStreamDestroy_v2);
    if (!is_handle(handle)) return INVALID_HANDLE;
    Stream* stream = (Stream*)handle;
    drop_handle(handle);
    stop(stream);
    std::lock_guard<std::mutex> lock(stream->context->mutex);
    stream->context->streams.erase(stream);
    return SUCCESS;
}

API CUresult cuStreamSynchronize(void* handle) {
    ENTER(cuStreamSynchronize);
    NEED_CONTEXT(context);
    Stream* stream = find_stream(context, handle);
    if (!stream) return INVALID_HANDLE;
    if (CompletionRef last = last_of(stream)) last->wait();
    return stream->context->fault;
}

API CUresult cuStreamQuery(void* handle) {
    ENTER(cuStreamQuery);
    NEED_CONTEXT(context);
    Stream* stream = find_stream(context, handle);
    if (!stream) return INVALID_HANDLE;
    CompletionRef last = last_of(stream);
    return !last || last->is_set() ? stream->context->fault.load() : NOT_READY;  // a fault came before the completion
}

API CUresult cuStreamGetPriority(void* handle, int* priority) {
    ENTER(cuStreamGetPriority);
    NEED_CONTEXT(context);
    Stream* stream = find_stream(context, handle);
    if (!stream) return INVALID_HANDLE;
    *priority = stream->priority;
    return SUCCESS;
}

API CUresult cuStreamGetFlags(void* handle, unsigned* flags) {
    ENTER(cuStreamGetFlags);
    NEED_CONTEXT(context);
    Stream* stream = find_stream(context, handle);
    if (!stream) return INVALID_HANDLE;
    *flags = stream->flags;
    return SUCCESS;
}

// A test drops a wait to see whether anything notices that it is missing.
static bool is_dropped_wait() {
    int left = settings.dropped_wait;
    while (left > 0 && !settings.dropped_wait.compare_exchange_weak(left, left - 1)) continue;
    return left == 1;
}

API CUresult cuStreamWaitEvent(void* handle, void* event_handle, unsigned) {
    ENTER(cuStreamWaitEvent);
    NEED_CONTEXT(context);
    Stream* stream = find_stream(context, handle);
    if (!stream || !is_handle(event_handle)) return INVALID_HANDLE;
    if (is_dropped_wait()) {
        trace("dropped wait s%d", stream->id);
        return SUCCESS;
    }
    CompletionRef recorded = ((Event*)event_handle)->recorded;
    if (recorded) enqueue(stream, "wait", nullptr, {recorded});
    return SUCCESS;
}

API CUresult cuLaunchHostFunc(void* handle, void (*function)(void*), void* argument) {
    ENTER(cuLaunchHostFunc);
    NEED_CONTEXT(context);
    Stream* stream = find_stream(context, handle);
    if (!stream) return INVALID_HANDLE;
    enqueue(stream, "host-function", [=] {
        function(argument);
        return SUCCESS;
    });
    return SUCCESS;
}

API CUresult cuStreamAddCallback(void* handle, void (*function)(void*, CUresult, void*), void* argument, unsigned) {
    ENTER(cuStreamAddCallback);
    NEED_CONTEXT(context);
    Stream* stream = find_stream(context, handle);
    if (!stream) return INVALID_HANDLE;
    enqueue(stream, "callback", [=] {
        function(handle, stream->context->fault, argument);
        return SUCCESS;
    });
    return SUCCESS;
}

// ---------------------------------------------------------------- events

API CUresult cuEventCreate(void** handle, unsigned flags) {
    ENTER(cuEventCreate);
    NEED_CONTEXT(context);
    Event* event = new Event{context, flags, nullptr};
    add_handle(event);
    *handle = event;
    return SUCCESS;
}

API CUresult cuEventDestroy_v2(void* handle) {
    ENTER(cuEventDestroy_v2);
    if (!is_handle(handle)) return INVALID_HANDLE;
    drop_handle(handle);
    delete (Event*)handle;
    return SUCCESS;
}

static CUresult record(void* handle, void* stream_handle) {
    NEED_CONTEXT(context);
    Stream* stream = find_stream(context, stream_handle);
    if (!stream || !is_handle(handle)) return INVALID_HANDLE;
    ((Event*)handle)->recorded = enqueue(stream, "record", nullptr);
    return SUCCESS;
}

API CUresult cuEventRecord(void* handle, void* stream) {
    ENTER(cuEventRecord);
    return record(handle, stream);
}

API CUresult cuEventRecordWithFlags(void* handle, void* stream, unsigned) {
    ENTER(cuEventRecordWithFlags);
    return record(handle, stream);
}

API CUresult cuEventQuery(void* handle) {
    ENTER(cuEventQuery);
    NEED_CONTEXT(context);
    (void)context;
    if (!is_handle(handle)) return INVALID_HANDLE;
    Event* event = (Event*)handle;
    CompletionRef recorded = event->recorded;
    return !recorded || recorded->is_set() ? event->context->fault.load() : NOT_READY;
}

API CUresult cuEventSynchronize(void* handle) {
    ENTER(cuEventSynchronize);
    NEED_CONTEXT(context);
    if (!is_handle(handle)) return INVALID_HANDLE;
    if (CompletionRef recorded = ((Event*)handle)->recorded) recorded->wait();
    return context->fault;
}

API CUresult cuEventElapsedTime(float* milliseconds, void* from, void* to) {
    ENTER(cuEventElapsedTime);
    if (!is_handle(from) || !is_handle(to)) return INVALID_HANDLE;
    Event *first = (Event*)from, *second = (Event*)to;
    if (((first->flags | second->flags) & DISABLE_TIMING) || !first->recorded || !second->recorded) {
        return INVALID_HANDLE;
    }
    if (!first->recorded->is_set() || !second->recorded->is_set()) return NOT_READY;
    *milliseconds = (second->recorded->time_ns - first->recorded->time_ns) / 1e6f;
    return SUCCESS;
}

// ---------------------------------------------------------------- for the other stand-ins

API int standin_enqueue(void* handle, const char* what, int (*work)(void*), void* argument) {
    NEED_CONTEXT(context);
    Stream* stream = find_stream(context, handle);
    if (!stream) return INVALID_HANDLE;
    enqueue(stream, what, [=]() -> CUresult {
        CUresult status = SUCCESS;
        CUresult fault = run_guarded([&] { status = work(argument); });
        return fault ? fault : status;
    });
    return SUCCESS;
}
