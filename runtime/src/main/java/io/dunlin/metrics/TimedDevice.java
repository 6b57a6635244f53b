package io.dunlin.metrics;

import io.dunlin.device.Device;
import io.dunlin.device.Event;
import io.dunlin.device.Kernels;
import io.dunlin.device.Stream;
import java.lang.foreign.MemorySegment;
import java.util.SequencedMap;

/**
 * A device whose kernels are timed.
 *
 * <p>Times are those of the submitting thread: exact on the CPU, where a call returns when its work is done.
 */
public final class TimedDevice implements Device {
    private final Device device;
    private final KernelTimes times;

    /** Times the kernels of all streams of {@code device} that are opened from here on. */
    public TimedDevice(Device device, KernelTimes times) {
        this.device = device;
        this.times = times;
    }

    @Override
    public String description() {
        return device.description();
    }

    @Override
    public MemorySegment allocate(String purpose, long lengthBytes) {
        return device.allocate(purpose, lengthBytes);
    }

    @Override
    public MemorySegment allocateHost(String purpose, long lengthBytes) {
        return device.allocateHost(purpose, lengthBytes);
    }

    @Override
    public boolean hostReadable() {
        return device.hostReadable();
    }

    @Override
    public SequencedMap<String, Long> allocatedBytes() {
        return device.allocatedBytes();
    }

    @Override
    public Stream stream(String role) {
        Stream stream = device.stream(role);
        Kernels timed = new TimedKernels(stream.kernels(), times);
        return new Stream() {
            @Override
            public Kernels kernels() {
                return timed;
            }

            @Override
            public void upload(MemorySegment host, MemorySegment memory) {
                stream.upload(host, memory);
            }

            @Override
            public void download(MemorySegment memory, MemorySegment host) {
                stream.download(memory, host);
            }

            @Override
            public Event record() {
                return stream.record();
            }

            @Override
            public void await(Event event) {
                stream.await(event);
            }

            @Override
            public void synchronize() {
                stream.synchronize();
            }
        };
    }

    @Override
    public void close() {
        device.close();
    }
}
