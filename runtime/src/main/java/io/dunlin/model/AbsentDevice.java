package io.dunlin.model;

import io.dunlin.device.Device;
import io.dunlin.device.Event;
import io.dunlin.device.Kernels;
import io.dunlin.device.Stream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * A device that is not there: it counts the memory that a model asks for and gives none, so that a model of any size can
 * be planned on any machine. Its segments have a length and must not be touched; copies to them go nowhere.
 */
final class AbsentDevice implements Device {
    private static final long ALIGNMENT_BYTES = 64;

    private final SequencedMap<String, Long> allocatedBytes = new LinkedHashMap<>();
    private final Stream stream = new AbsentStream();

    @Override
    public String description() {
        return "no device";
    }

    @Override
    public MemorySegment allocate(String purpose, long lengthBytes) {
        allocatedBytes.merge(purpose, lengthBytes, Long::sum);
        return MemorySegment.ofAddress(ALIGNMENT_BYTES).reinterpret(lengthBytes);
    }

    /** Real: what is on its way to the device is written. */
    @Override
    public MemorySegment allocateHost(String purpose, long lengthBytes) {
        return Arena.ofAuto().allocate(lengthBytes, ALIGNMENT_BYTES);
    }

    @Override
    public boolean hostReadable() {
        return false;
    }

    @Override
    public SequencedMap<String, Long> allocatedBytes() {
        return Collections.unmodifiableSequencedMap(allocatedBytes);
    }

    @Override
    public Stream stream(String role) {
        return stream;
    }

    @Override
    public void close() {}

    private static final class AbsentStream implements Stream {
        private static final Event DONE = new Event() {
            @Override
            public boolean done() {
                return true;
            }

            @Override
            public void synchronize() {}
        };

        private final Kernels kernels = new AbsentKernels();

        @Override
        public Kernels kernels() {
            return kernels;
        }

        @Override
        public void upload(MemorySegment host, MemorySegment device) {}

        @Override
        public void download(MemorySegment device, MemorySegment host) {}

        @Override
        public Event record() {
            return DONE;
        }

        @Override
        public void await(Event event) {}

        @Override
        public void synchronize() {}
    }
}
