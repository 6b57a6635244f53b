package io.dunlin.device.cpu;

import io.dunlin.device.Event;
import io.dunlin.device.Kernels;
import io.dunlin.device.Stream;
import java.lang.foreign.MemorySegment;

/** Runs every kernel within the call that submits it, so that all recorded work is done already. */
record CpuStream(String role, Kernels kernels) implements Stream {
    private static final Event DONE = new Event() {
        @Override
        public boolean done() {
            return true;
        }

        @Override
        public void synchronize() {
            // nothing to wait for
        }
    };

    @Override
    public void upload(MemorySegment host, MemorySegment device) {
        copy(host, device);
    }

    @Override
    public void download(MemorySegment device, MemorySegment host) {
        copy(device, host);
    }

    private static void copy(MemorySegment from, MemorySegment to) {
        if (!from.isNative() || !to.isNative()) {
            throw new IllegalArgumentException("a device cannot reach the Java heap; copy from or to native memory");
        }
        if (from.byteSize() != to.byteSize()) {
            throw new IllegalArgumentException(
                    "a copy of %,d bytes into %,d bytes".formatted(from.byteSize(), to.byteSize()));
        }
        to.copyFrom(from);
    }

    @Override
    public Event record() {
        return DONE;
    }

    @Override
    public void await(Event event) {
        event.synchronize();
    }

    @Override
    public void synchronize() {
        // every call returned after its work was done
    }
}
