package io.dunlin.parallel.shard;

import io.dunlin.device.Device;
import io.dunlin.device.HostAccess;
import java.lang.foreign.MemorySegment;

/**
 * Memory of a device, and where its contents are for the network: the same memory if the host reaches it, else pinned
 * memory through which they pass.
 *
 * <p>Calls of the device wait for all work submitted before; this is the plain way, which overlaps nothing.
 */
final class Passage {
    private final MemorySegment onDevice;
    private final MemorySegment onHost;
    private final HostAccess access;

    private Passage(MemorySegment onDevice, MemorySegment onHost, HostAccess access) {
        this.onDevice = onDevice;
        this.onHost = onHost;
        this.access = access;
    }

    /** The passage of some memory, with room of its own if it needs any. */
    static Passage of(MemorySegment onDevice, Device device, HostAccess access, String purpose) {
        return new Passage(
                onDevice, device.hostReadable() ? onDevice : device.allocateHost(purpose, onDevice.byteSize()), access);
    }

    /** The passage of some memory through {@code room}, where it needs any. */
    static Passage through(MemorySegment room, MemorySegment onDevice, Device device, HostAccess access) {
        return new Passage(onDevice, device.hostReadable() ? onDevice : room.asSlice(0, onDevice.byteSize()), access);
    }

    /** Memory that is on the host whatever the device. */
    static Passage onHost(MemorySegment memory) {
        return new Passage(memory, memory, HostAccess.HOST);
    }

    boolean direct() {
        return onDevice == onHost;
    }

    /** For the network. */
    MemorySegment host() {
        return onHost;
    }

    /** For kernels. */
    MemorySegment device() {
        return onDevice;
    }

    /** Some of what the network sees. */
    MemorySegment host(long offsetBytes, long lengthBytes) {
        return onHost.asSlice(offsetBytes, lengthBytes);
    }

    /** What kernels have computed there is on the host when this returns. */
    void fetch(long offsetBytes, long lengthBytes) {
        if (!direct()) {
            access.read(onDevice.asSlice(offsetBytes, lengthBytes), onHost.asSlice(offsetBytes, lengthBytes));
        }
    }

    /** What the network has brought there is on the device for the work submitted from here on. */
    void store(long offsetBytes, long lengthBytes) {
        if (!direct()) {
            access.write(onDevice.asSlice(offsetBytes, lengthBytes), onHost.asSlice(offsetBytes, lengthBytes));
        }
    }
}
