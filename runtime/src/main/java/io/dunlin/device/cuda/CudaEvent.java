package io.dunlin.device.cuda;

import io.dunlin.device.Event;
import java.util.concurrent.atomic.AtomicLong;
import jcuda.driver.CUevent;

/**
 * The {@code sequence}-th recording in a slot of {@link EventRing}.
 *
 * <p>A slot is recorded anew only after its former recording was seen done. So an event whose slot has gone on is done,
 * and nobody needs to say when an event is no longer used.
 */
record CudaEvent(Slot slot, long sequence) implements Event {
    /** An event of the driver, recorded again and again. */
    static final class Slot {
        final CUevent event;
        final CudaStream stream;
        /** How often it was recorded. */
        final AtomicLong sequence = new AtomicLong();

        Slot(CUevent event, CudaStream stream) {
            this.event = event;
            this.stream = stream;
        }
    }

    /** Whether the slot has gone on, and the work before this event was done then. */
    boolean passed() {
        return slot.sequence.get() != sequence;
    }

    @Override
    public boolean done() {
        return passed() || slot.stream.ready(slot.event, "cuEventQuery");
    }

    @Override
    public void synchronize() {
        slot.stream.await(this::done);
    }
}
