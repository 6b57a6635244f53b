package io.dunlin.device.cuda;

import io.dunlin.device.Device;
import io.dunlin.device.Stream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import jcuda.driver.JCudaDriver;

/** One GPU of NVIDIA as a {@link Device}. */
public final class CudaDevice implements Device {
    private final CudaContext context;
    private final KernelFactory factory;
    private final DeviceMemory memory;
    private final PinnedMemory pinned = new PinnedMemory();
    private final String description;
    private final SequencedMap<String, Long> allocatedBytes = new LinkedHashMap<>();
    private final List<CudaStream> streams = new ArrayList<>();
    private final List<AutoCloseable> owned = new ArrayList<>();
    private boolean closed;

    private CudaDevice(CudaContext context, KernelFactory factory) {
        this.context = context;
        this.factory = factory;
        this.memory = context.call(() -> new DeviceMemory(context));
        this.description = context.call(context::describe);
    }

    /**
     * Opens a GPU.
     *
     * @throws CudaException if there is no GPU, driver or cuBLAS, with what is missing
     */
    public static CudaDevice open(CudaOptions options) {
        return open(options, new TrainingKernels());
    }

    /** Opens a GPU whose streams have the kernels of {@code factory}. */
    static CudaDevice open(CudaOptions options, KernelFactory factory) {
        CudaNatives.load(options);
        CudaContext context = CudaContext.open(options);
        try {
            return new CudaDevice(context, factory);
        } catch (RuntimeException e) {
            context.close();
            throw e;
        }
    }

    CudaContext context() {
        return context;
    }

    @Override
    public String description() {
        return "cuda, " + description;
    }

    @Override
    public MemorySegment allocate(String purpose, long lengthBytes) {
        // Without a lock while the owner works: what it works on may ask for memory.
        MemorySegment segment = context.call(() -> memory.allocate(purpose, lengthBytes));
        synchronized (this) {
            allocatedBytes.merge(purpose, DeviceMemory.rounded(lengthBytes), Long::sum);
        }
        return segment;
    }

    @Override
    public MemorySegment allocateHost(String purpose, long lengthBytes) {
        return context.call(() -> pinned.allocate(purpose, lengthBytes));
    }

    @Override
    public boolean hostReadable() {
        return false;
    }

    @Override
    public synchronized SequencedMap<String, Long> allocatedBytes() {
        return Collections.unmodifiableSequencedMap(new LinkedHashMap<>(allocatedBytes));
    }

    @Override
    public Stream stream(String role) {
        CudaStream stream = context.call(() -> CudaStream.open(role, this, factory));
        synchronized (this) {
            streams.add(stream);
        }
        return stream;
    }

    /** Closes {@code resource} with this device, on the owner of the context, before the streams. */
    synchronized <T extends AutoCloseable> T owns(T resource) {
        owned.add(resource);
        return resource;
    }

    /** Waits for all work, then gives everything back. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            context.call(() -> {
                JCudaDriver.cuCtxSynchronize(); // a fault was told of before, or nobody asked
                for (AutoCloseable resource : owned.reversed()) {
                    resource.close();
                }
                factory.close();
                streams.forEach(CudaStream::close);
                pinned.close();
                memory.close();
                return true;
            });
        } finally {
            context.close();
        }
    }
}
