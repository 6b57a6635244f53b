package io.dunlin.device;

import java.lang.foreign.MemorySegment;

/**
 * Memory that the host reaches: no copy is made.
 *
 * @param settled returns when the work submitted so far is done
 */
record DirectAccess(Runnable settled) implements HostAccess {
    @Override
    public <E extends Exception> void read(MemorySegment memory, Sink<E> sink) throws E {
        if (memory.byteSize() > 0) {
            settled.run();
            sink.accept(memory);
        }
    }

    @Override
    public void write(MemorySegment memory, Source source) {
        if (memory.byteSize() > 0) {
            settled.run();
            source.fill(memory, 0);
        }
    }
}
