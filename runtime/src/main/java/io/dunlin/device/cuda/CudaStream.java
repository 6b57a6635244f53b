package io.dunlin.device.cuda;

import io.dunlin.device.Event;
import io.dunlin.device.Kernels;
import io.dunlin.device.Stream;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import jcuda.driver.CUevent;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/**
 * An ordered queue of copies and kernels on one GPU.
 *
 * <p>Every method may be called on any platform thread, by one at a time. Streams are independent of each other and of
 * CUDA's default stream: only {@link #await(Event)} orders them.
 */
final class CudaStream implements Stream {
    /** A wait looks again and again without a pause for so long: most waits are short. */
    private static final long SPIN_NS = 20_000;

    private static final long PAUSE_NS = 20_000;

    private final String role;
    private final CudaDevice device;
    private final CudaContext context;
    private final CUstream stream = new CUstream();
    private final EventRing events = new EventRing(this);
    private final long deadlineNs;
    private final Kernels kernels;

    private CudaStream(String role, CudaDevice device, KernelFactory factory) {
        this.role = role;
        this.device = device;
        this.context = device.context();
        this.deadlineNs = TimeUnit.MILLISECONDS.toNanos(context.deadlineMs());
        Cu.check(JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "cuStreamCreate");
        try {
            this.kernels = factory.kernels(this);
        } catch (RuntimeException e) {
            JCudaDriver.cuStreamDestroy(stream);
            throw e;
        }
    }

    /** A new stream; only on the owner of the context. */
    static CudaStream open(String role, CudaDevice device, KernelFactory factory) {
        return new CudaStream(role, device, factory);
    }

    /** For launches, which first {@link #enter}. */
    CUstream handle() {
        return stream;
    }

    CudaDevice device() {
        return device;
    }

    /** Makes the context of this stream current; comes before every call of the driver. */
    void enter() {
        context.enter();
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    @Override
    public void upload(MemorySegment host, MemorySegment deviceMemory) {
        long lengthBytes = lengthOf(host, deviceMemory);
        if (lengthBytes > 0) {
            enter();
            Cu.check(
                    JCudaDriver.cuMemcpyHtoDAsync(
                            DeviceAddress.of(deviceMemory), Address.of(host), lengthBytes, stream),
                    "cuMemcpyHtoDAsync");
        }
    }

    @Override
    public void download(MemorySegment deviceMemory, MemorySegment host) {
        long lengthBytes = lengthOf(deviceMemory, host);
        if (lengthBytes > 0) {
            enter();
            Cu.check(
                    JCudaDriver.cuMemcpyDtoHAsync(
                            Address.of(host), DeviceAddress.of(deviceMemory), lengthBytes, stream),
                    "cuMemcpyDtoHAsync");
        }
    }

    private static long lengthOf(MemorySegment from, MemorySegment to) {
        if (!from.isNative() || !to.isNative()) {
            throw new IllegalArgumentException("the GPU cannot reach the Java heap; copy from or to native memory");
        }
        if (from.byteSize() != to.byteSize()) {
            throw new IllegalArgumentException(
                    "a copy of %,d bytes into %,d bytes".formatted(from.byteSize(), to.byteSize()));
        }
        return from.byteSize();
    }

    @Override
    public Event record() {
        enter();
        CudaEvent event = events.next();
        Cu.check(JCudaDriver.cuEventRecord(event.slot().event, stream), "cuEventRecord");
        return event;
    }

    @Override
    public void await(Event event) {
        if (!(event instanceof CudaEvent other)) {
            event.synchronize(); // of another device: only the host can wait for it
            return;
        }
        if (!other.passed()) {
            enter();
            Cu.check(JCudaDriver.cuStreamWaitEvent(stream, other.slot().event, 0), "cuStreamWaitEvent");
        }
    }

    @Override
    public void synchronize() {
        record().synchronize();
        // An event that was reached says nothing of a fault behind it; this does.
        Cu.check(JCudaDriver.cuStreamSynchronize(stream), "cuStreamSynchronize");
    }

    boolean ready(CUevent event, String call) {
        enter();
        return Cu.ready(JCudaDriver.cuEventQuery(event), call);
    }

    /** Waits on the host, no longer than the deadline. */
    void await(BooleanSupplier done) {
        long start = System.nanoTime();
        while (!done.getAsBoolean()) {
            long waitedNs = System.nanoTime() - start;
            if (waitedNs > deadlineNs) {
                throw CudaException.late(
                        "the work of stream " + role, "cuEventQuery", TimeUnit.NANOSECONDS.toMillis(waitedNs));
            }
            if (Thread.currentThread().isInterrupted()) {
                throw new IllegalStateException("interrupted while waiting for stream " + role);
            }
            if (waitedNs < SPIN_NS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(PAUSE_NS);
            }
        }
    }

    /** Only on the owner of the context. */
    void close() {
        events.close();
        JCudaDriver.cuStreamDestroy(stream);
    }

    @Override
    public String toString() {
        return "cuda stream " + role;
    }
}
