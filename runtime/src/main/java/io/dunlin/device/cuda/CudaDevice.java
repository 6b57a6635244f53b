package io.dunlin.device.cuda;

import io.dunlin.device.Device;
import io.dunlin.device.Stream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.atomic.AtomicBoolean;
import jcuda.driver.JCudaDriver;

/** One GPU of NVIDIA as a {@link Device}. */
public final class CudaDevice implements Device {
    private final CudaContext context;
    private final KernelFactory factory;
    private final DeviceMemory memory;
    private final PinnedMemory pinned = new PinnedMemory();
    private final String description;
    private final SequencedMap<String, Long> allocatedBytes = new LinkedHashMap<>();
    private final List<CudaStream> streams = new ArrayList<>(); // only on the owner
    private final List<AutoCloseable> owned = new ArrayList<>(); // only on the owner
    private final AtomicBoolean closed = new AtomicBoolean();

    private CudaDevice(CudaContext context, KernelFactory factory) {
        this.context = context;
        this.factory = factory;
        this.memory = context.call(() -> new DeviceMemory(context.account()));
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
        return context.call(() -> {
            CudaStream stream = CudaStream.open(role, this, factory);
            streams.add(stream);
            return stream;
        });
    }

    /** Closes {@code resource} with this device, on the owner of the context, before the streams. */
    <T extends AutoCloseable> T owns(T resource) {
        return context.call(() -> {
            owned.add(resource);
            return resource;
        });
    }

    /** Waits for all work, then gives everything back. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        context.closeAfter(() -> {
            JCudaDriver.cuCtxSynchronize(); // a fault was told of before, or nobody asked
            List<AutoCloseable> all = new ArrayList<>(owned.reversed());
            all.add(factory::close);
            streams.forEach(stream -> all.add(stream::close));
            all.add(pinned::close);
            all.add(memory::close);
            closeAll(all);
            return true;
        });
    }

    /** One that fails does not keep the others. */
    private static void closeAll(List<AutoCloseable> all) throws Exception {
        Optional<Exception> failure = Optional.empty();
        for (AutoCloseable one : all) {
            try {
                one.close();
            } catch (Exception e) {
                failure.ifPresent(e::addSuppressed);
                failure = Optional.of(e);
            }
        }
        if (failure.isPresent()) {
            throw failure.get();
        }
    }
}
