package io.dunlin.device.cuda;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.JCudaDriver;

/**
 * The connection to one GPU, owned by one platform thread.
 *
 * <p>CUDA keeps a current context for each thread of the system. What makes and destroys things runs on the owner ({@link
 * #call}). What puts work on a stream runs on the thread that submits, after {@link #enter}: handing every launch over to
 * the owner would cost more than the launch. A virtual thread may not enter: it would leave the context behind on its
 * carrier, for whatever task comes next.
 */
final class CudaContext implements AutoCloseable {
    private final CUdevice device;
    private final CUcontext context = new CUcontext();
    private final ExecutorService owner;
    private final long deadlineMs;
    private final MemoryAccount account = new MemoryAccount();
    private volatile Thread ownerThread = Thread.currentThread(); // until the owner has begun

    private CudaContext(CUdevice device, CudaOptions options) {
        this.device = device;
        this.deadlineMs = options.deadline().toMillis();
        String role = "cuda-" + options.ordinal();
        this.owner = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name(role).daemon().factory());
    }

    static CudaContext open(CudaOptions options) {
        Cu.check(JCudaDriver.cuInit(0), "cuInit");
        int[] count = new int[1];
        Cu.check(JCudaDriver.cuDeviceGetCount(count), "cuDeviceGetCount");
        if (options.ordinal() >= count[0]) {
            throw CudaException.unavailable(
                    "there is no GPU %d, this process sees %d".formatted(options.ordinal(), count[0]),
                    Requirements.COMPARE_GPUS,
                    new IndexOutOfBoundsException(options.ordinal()));
        }
        CUdevice device = new CUdevice();
        Cu.check(JCudaDriver.cuDeviceGet(device, options.ordinal()), "cuDeviceGet");
        CudaContext opened = new CudaContext(device, options);
        try {
            opened.submit(opened::retain);
        } catch (RuntimeException e) {
            opened.owner.shutdown();
            throw e;
        }
        return opened;
    }

    /** The primary context, because that is the one that cuBLAS and other libraries in the process share. */
    private boolean retain() {
        ownerThread = Thread.currentThread();
        account.check(
                JCudaDriver.cuDevicePrimaryCtxRetain(context, device),
                "cuDevicePrimaryCtxRetain",
                "the context of the GPU");
        try {
            enter();
        } catch (RuntimeException e) {
            JCudaDriver.cuDevicePrimaryCtxRelease(device);
            throw e;
        }
        return true;
    }

    /** Makes this the context of the calling thread; costs a fraction of a launch. */
    void enter() {
        if (Thread.currentThread().isVirtual()) {
            throw new WrongThreadException("a virtual thread cannot submit work to a GPU; use a platform thread");
        }
        Cu.check(JCudaDriver.cuCtxSetCurrent(context), "cuCtxSetCurrent");
    }

    /** Runs {@code task} on the owner and waits for it; at once if the owner itself calls. */
    <T> T call(Callable<T> task) {
        return Thread.currentThread() == ownerThread ? run(task) : submit(task);
    }

    private static <T> T run(Callable<T> task) {
        try {
            return task.call();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private <T> T submit(Callable<T> task) {
        Future<T> running;
        try {
            running = owner.submit(task);
        } catch (RejectedExecutionException e) {
            throw new IllegalStateException("the device is closed", e);
        }
        try {
            return running.get(deadlineMs, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw asUnchecked(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for the owner of the GPU", e);
        } catch (TimeoutException e) {
            running.cancel(false); // what has not begun never will: nobody would take what it gives
            throw CudaException.late("what the owner of the GPU was asked for", "its turn", deadlineMs);
        }
    }

    private static RuntimeException asUnchecked(ExecutionException e) {
        if (e.getCause() instanceof RuntimeException known) {
            // The trace of the owner alone would not tell who asked.
            known.addSuppressed(new IllegalStateException("asked for from here"));
            return known;
        }
        return new IllegalStateException(e);
    }

    /** Of the memory that this device holds. */
    MemoryAccount account() {
        return account;
    }

    private static long totalBytes() {
        long[] free = new long[1];
        long[] total = new long[1];
        Cu.check(JCudaDriver.cuMemGetInfo(free, total), "cuMemGetInfo");
        return total[0];
    }

    /** Name, compute capability and memory, for people; only on the owner. */
    String describe() {
        byte[] name = new byte[256];
        Cu.check(JCudaDriver.cuDeviceGetName(name, name.length, device), "cuDeviceGetName");
        int end = 0;
        while (end < name.length && name[end] != 0) {
            end++;
        }
        int[] driver = new int[1];
        Cu.check(JCudaDriver.cuDriverGetVersion(driver), "cuDriverGetVersion");
        return "%s, compute capability %s, %,d MiB, driver for CUDA %d.%d"
                .formatted(
                        new String(name, 0, end, StandardCharsets.UTF_8),
                        computeCapability().replaceAll("(.)$", ".$1"),
                        totalBytes() >> 20,
                        driver[0] / 1000,
                        driver[0] % 1000 / 10);
    }

    /** For example {@code 80}. */
    String computeCapability() {
        return attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) + ""
                + attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    }

    private int attribute(int number) {
        int[] value = new int[1];
        Cu.check(JCudaDriver.cuDeviceGetAttribute(value, number, device), "cuDeviceGetAttribute");
        return value[0];
    }

    long deadlineMs() {
        return deadlineMs;
    }

    /** Gives the context back, and with the last user of it all that was forgotten. */
    @Override
    public void close() {
        closeAfter(() -> true);
    }

    /** Runs a last task on the owner, then closes, however the task ends; waits for both once, no longer than the deadline. */
    void closeAfter(Callable<Boolean> last) {
        try {
            call(() -> {
                try {
                    return last.call();
                } finally {
                    JCudaDriver.cuCtxSetCurrent(new CUcontext());
                    JCudaDriver.cuDevicePrimaryCtxRelease(device);
                }
            });
        } finally {
            owner.shutdown();
        }
    }
}
