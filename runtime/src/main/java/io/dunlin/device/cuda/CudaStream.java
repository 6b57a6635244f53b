package io.dunlin.device.cuda;

import io.dunlin.device.Event;
import io.dunlin.device.Kernels;
import io.dunlin.device.Stream;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
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
    private final AddressCache addresses = new AddressCache();
    private final long deadlineNs;
    private final KernelFactory factory;
    private volatile Optional<Kernels> kernels = Optional.empty(); // written on the owner

    private CudaStream(String role, CudaDevice device, KernelFactory factory) {
        this.role = role;
        this.device = device;
        this.factory = factory;
        this.context = device.context();
        this.deadlineNs = TimeUnit.MILLISECONDS.toNanos(context.deadlineMs());
        account()
                .check(
                        JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING),
                        "cuStreamCreate",
                        "stream " + role);
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

    /** Pointers for calls of the thread that submits. */
    AddressCache addresses() {
        return addresses;
    }

    /** Of the memory of the device. */
    MemoryAccount account() {
        return context.account();
    }

    /** Makes the context of this stream current; comes before every call of the driver. */
    void enter() {
        context.enter();
    }

    /** Made when they are first asked for: a stream that only copies loads no kernels and opens no cuBLAS. */
    @Override
    public Kernels kernels() {
        Optional<Kernels> made = kernels;
        return made.isPresent() ? made.get() : context.call(this::makeKernels);
    }

    private Kernels makeKernels() {
        Kernels made = kernels.orElseGet(() -> factory.kernels(this));
        kernels = Optional.of(made);
        return made;
    }

    @Override
    public void upload(MemorySegment host, MemorySegment deviceMemory) {
        long lengthBytes = lengthOf(host, deviceMemory);
        if (lengthBytes > 0) {
            enter();
            account()
                    .check(
                            JCudaDriver.cuMemcpyHtoDAsync(
                                    addresses.ofDevice(deviceMemory.address()),
                                    addresses.plain(host.address()),
                                    lengthBytes,
                                    stream),
                            "cuMemcpyHtoDAsync",
                            "a copy to the GPU");
        }
    }

    @Override
    public void download(MemorySegment deviceMemory, MemorySegment host) {
        long lengthBytes = lengthOf(deviceMemory, host);
        if (lengthBytes > 0) {
            enter();
            account()
                    .check(
                            JCudaDriver.cuMemcpyDtoHAsync(
                                    addresses.plain(host.address()),
                                    addresses.ofDevice(deviceMemory.address()),
                                    lengthBytes,
                                    stream),
                            "cuMemcpyDtoHAsync",
                            "a copy to the host");
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
        account().check(JCudaDriver.cuEventRecord(event.handle(), stream), "cuEventRecord", "an event");
        return event;
    }

    @Override
    public void await(Event event) {
        if (!(event instanceof CudaEvent other)) {
            event.synchronize(); // of another device: only the host can wait for it
            return;
        }
        enter();
        account()
                .check(
                        JCudaDriver.cuStreamWaitEvent(stream, other.handle(), 0),
                        "cuStreamWaitEvent",
                        "a wait for an event");
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
    void waitFor(CudaEvent event) {
        long start = System.nanoTime();
        while (!event.done()) {
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
