package io.dunlin.device.cuda;

import java.util.ArrayDeque;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.JCudaDriver;

/** The events of one stream, the longest recorded first. The thread that submits to the stream uses it. */
final class EventRing {
    private final CudaStream stream;
    private final ArrayDeque<CudaEvent.Slot> slots = new ArrayDeque<>();

    EventRing(CudaStream stream) {
        this.stream = stream;
    }

    /** What to record next: in the oldest slot if its work is done, else in a new one. */
    CudaEvent next() {
        CudaEvent.Slot oldest = slots.peekFirst();
        CudaEvent.Slot next;
        if (oldest != null && stream.ready(oldest.event, "cuEventQuery")) {
            next = slots.removeFirst();
        } else {
            next = new CudaEvent.Slot(create(), stream);
        }
        slots.addLast(next);
        return new CudaEvent(next, next.sequence.incrementAndGet());
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
        slots.forEach(slot -> JCudaDriver.cuEventDestroy(slot.event));
        slots.clear();
    }
}
