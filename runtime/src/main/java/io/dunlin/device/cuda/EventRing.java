package io.dunlin.device.cuda;

import java.util.ArrayDeque;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.JCudaDriver;

/**
 * The events of one stream, the longest recorded first. The thread that submits to the stream uses it.
 *
 * <p>Nobody says when an event is no longer used. So one is recorded anew only when its work is done and many others
 * were recorded since, and whoever has kept it for so long sees it pending once more. That does no harm: what it then
 * stands for comes later on the same stream.
 */
final class EventRing {
    /** Events that a stream has at least before it records one anew; io.dunlin.device.Stream promises it. */
    static final int LEAST = 256;

    private final CudaStream stream;
    private final ArrayDeque<CudaEvent> events = new ArrayDeque<>(LEAST);

    EventRing(CudaStream stream) {
        this.stream = stream;
    }

    /** What to record next: the oldest event if there are enough of them and its work is done, else a new one. */
    CudaEvent next() {
        CudaEvent oldest = events.peekFirst();
        boolean again = oldest != null && events.size() >= LEAST && oldest.done();
        CudaEvent next = again ? events.removeFirst() : new CudaEvent(create(), stream);
        events.addLast(next);
        return next;
    }

    private CUevent create() {
        CUevent event = new CUevent();
        // Without times an event costs the GPU less.
        stream.account()
                .check(
                        JCudaDriver.cuEventCreate(event, CUevent_flags.CU_EVENT_DISABLE_TIMING),
                        "cuEventCreate",
                        "an event");
        return event;
    }

    void close() {
        events.forEach(event -> JCudaDriver.cuEventDestroy(event.handle()));
        events.clear();
    }
}
