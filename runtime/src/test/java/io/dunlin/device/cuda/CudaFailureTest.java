package io.dunlin.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.dunlin.device.Event;
import io.dunlin.device.Stream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Failures of memory, of calls and of kernels end in typed errors, and the next device works. */
@NeedsCuda
@Tag("standin-only")
class CudaFailureTest {
    private static final int UNKNOWN = 999;

    @TempDir
    static Path cache;

    @AfterEach
    void forgetFailures() {
        CudaStandIn.fail("*", 0, 0);
        CudaStandIn.fail("cuMemAlloc", 0, 0);
        CudaStandIn.fail("cuMemHostRegister", 0, 0);
        CudaStandIn.set("paused", 0);
        CudaStandIn.reset();
    }

    private static CudaDevice open() {
        return TestKernels.open(CudaOptions.of(0, cache));
    }

    /** Uses everything once: memory, pinned memory, two streams, an event, kernels. */
    private static void useEverything() {
        try (CudaDevice device = open()) {
            try (TestKernels kernels = new TestKernels(device)) {
                CudaStream first = (CudaStream) device.stream("first");
                CudaStream second = (CudaStream) device.stream("second");
                MemorySegment large = device.allocate("weights", 3 << 20);
                MemorySegment small = device.allocate("activations", 1024);
                MemorySegment host = device.allocateHost("staging", 1024);
                host.fill((byte) 0);
                first.upload(host, small);
                kernels.multiplyAdd(first, small, 1, 3);
                kernels.multiplyAdd(first, large, 1, 1);
                second.await(first.record());
                second.download(small, host);
                second.synchronize();
                first.synchronize();
                assertThat(host.getAtIndex(ValueLayout.JAVA_FLOAT, 255)).isEqualTo(3);
            }
        }
    }

    @Test
    void shouldTellSizesWhenTheGpuIsFull() {
        try (CudaDevice device = open()) {
            CudaException failure = catchThrowableOfType(CudaException.class, () -> {
                for (int i = 0; i < 1000; i++) {
                    device.allocate("activations", 30 << 20);
                }
            });
            assertThat(failure.code()).isEqualTo("DUN-422");
            assertThat(failure.call()).isEqualTo("cuMemAlloc");
            long held = device.allocatedBytes().get("activations");
            assertThat(failure)
                    .hasMessageContaining("for activations: %,d bytes asked, %,d bytes held", 30 << 20, held)
                    .hasMessageMatching("(?s).* [0-9,]+ of [0-9,]+ bytes free.*");
            assertThat(failure.remedy()).contains("train.micro_batch", "nvidia-smi");
            assertThat(device.allocate("small", 1024).byteSize()).isEqualTo(1024);
        }
        useEverything();
    }

    @Test
    void shouldEndInATypedErrorWhereverMemoryRunsOut() {
        int before = CudaStandIn.calls("cuMemAlloc");
        useEverything();
        int allocations = CudaStandIn.calls("cuMemAlloc") - before;
        assertThat(allocations).isPositive();
        for (int nth = 1; nth <= allocations; nth++) {
            CudaStandIn.fail("cuMemAlloc", 0, 0);
            CudaStandIn.failFrom("cuMemAlloc", nth, CudaStandIn.OUT_OF_MEMORY);
            assertThatThrownBy(CudaFailureTest::useEverything)
                    .isInstanceOf(CudaException.class)
                    .hasMessageContaining("bytes asked")
                    .extracting(e -> ((CudaException) e).code())
                    .isEqualTo("DUN-422");
        }
        CudaStandIn.fail("cuMemAlloc", 0, 0);
        useEverything();
    }

    @Test
    void shouldTakeLessWhereAWholeChunkIsTooMuch() {
        CudaStandIn.fail("cuMemAlloc", 2, CudaStandIn.OUT_OF_MEMORY); // the first one is for the weights
        useEverything();
    }

    @Test
    void shouldTellHowMuchIsPinned() {
        try (CudaDevice device = open()) {
            device.allocateHost("first", 8192);
            CudaStandIn.fail("cuMemHostRegister", 1, CudaStandIn.OUT_OF_MEMORY);
            assertThatThrownBy(() -> device.allocateHost("gradients", 4096))
                    .isInstanceOf(CudaException.class)
                    .hasMessageContaining("gradients: 4,096 bytes asked, 8,192 bytes held")
                    .extracting(e -> ((CudaException) e).remedy())
                    .asString()
                    .contains("ulimit -l");
        }
    }

    /** Each call of the driver in turn fails; what fails while closing may go unnoticed, but nothing may stay behind. */
    @Test
    void shouldEndInATypedErrorWhicheverCallFails() {
        useEverything();
        int before = CudaStandIn.calls("*");
        useEverything();
        int calls = CudaStandIn.calls("*") - before;
        int noticed = 0;
        for (int nth = 1; nth <= calls; nth++) {
            CudaStandIn.fail("*", nth, UNKNOWN);
            CudaException failure = catchThrowableOfType(CudaException.class, CudaFailureTest::useEverything);
            CudaStandIn.fail("*", 0, 0);
            if (failure != null) {
                noticed++;
                assertThat(failure.code()).isEqualTo("DUN-421");
                assertThat(failure).hasMessageContaining("failed with CUDA_ERROR_UNKNOWN (999)");
                assertThat(failure.call()).startsWith("cu");
            }
        }
        assertThat(noticed).isGreaterThan(30);
        shouldTellSizesWhenTheGpuIsFull();
    }

    @Test
    void shouldTellOfAFaultAndRefuseAllFurtherWork() {
        try (CudaDevice device = open()) {
            TestKernels kernels = new TestKernels(device);
            CudaStream stream = (CudaStream) device.stream("test");
            CudaStream other = (CudaStream) device.stream("other");
            MemorySegment memory = device.allocate("test", 1024);
            kernels.writeOutside(stream, memory, 1L << 40);
            assertThatThrownBy(stream::synchronize)
                    .isInstanceOf(CudaException.class)
                    .hasMessageContaining("CUDA_ERROR_ILLEGAL_ADDRESS")
                    .extracting(e -> ((CudaException) e).code())
                    .isEqualTo("DUN-423");
            assertThatThrownBy(() -> kernels.multiplyAdd(other, memory, 1, 1))
                    .isInstanceOf(CudaException.class)
                    .hasMessageContaining("cuLaunchKernel(multiply_add)");
        }
        useEverything();
    }

    /** The driver never says of work behind a fault that it is done. */
    @Test
    void shouldTellOfAFaultWhereverTheProgramAsks() {
        for (int i = 0; i < 20; i++) {
            try (CudaDevice device = open()) {
                TestKernels kernels = new TestKernels(device);
                CudaStream stream = (CudaStream) device.stream("test");
                kernels.writeOutside(stream, device.allocate("test", 1024), 1L << 40);
                Event event = stream.record();
                assertThatThrownBy(() -> {
                            while (!event.done()) {
                                Thread.onSpinWait();
                            }
                        })
                        .isInstanceOf(CudaException.class)
                        .extracting(e -> ((CudaException) e).code())
                        .isEqualTo("DUN-423");
            }
            CudaStandIn.reset();
        }
    }

    @Test
    void shouldWaitForAHungGpuOnceWhenItCloses() {
        Duration deadline = Duration.ofSeconds(3);
        CudaDevice device = TestKernels.open(new CudaOptions(0, cache, Optional.empty(), deadline));
        device.stream("test").record();
        CudaStandIn.set("paused", 1);
        device.stream("hung").record();
        long start = System.nanoTime();
        assertThatThrownBy(device::close)
                .isInstanceOf(CudaException.class)
                .extracting(e -> ((CudaException) e).code())
                .isEqualTo("DUN-426");
        long waited = System.nanoTime() - start;
        CudaStandIn.set("paused", 0);
        assertThat(waited).isBetween(deadline.toNanos(), 2 * deadline.toNanos());
    }

    @Test
    void shouldOpenCuBlasAndKernelsOnlyWhereTheyAreUsed() {
        try (CudaDevice device = CudaDevice.open(CudaOptions.of(0, cache))) {
            int handles = CudaStandIn.calls("cublasCreate");
            int modules = CudaStandIn.calls("cuModuleLoadData");
            Stream copies = device.stream("copies");
            copies.upload(device.allocateHost("test", 64), device.allocate("test", 64));
            copies.synchronize();
            assertThat(CudaStandIn.calls("cublasCreate")).isEqualTo(handles);
            assertThat(CudaStandIn.calls("cuModuleLoadData")).isEqualTo(modules);
            assertThat(copies.kernels()).isSameAs(copies.kernels());
            assertThat(CudaStandIn.calls("cublasCreate")).isEqualTo(handles + 1);
            assertThat(CudaStandIn.calls("cuModuleLoadData")).isEqualTo(modules + 1);
        }
    }

    @Test
    void shouldReportADeadlockOfAKernel() {
        try (CudaDevice device = open()) {
            TestKernels kernels = new TestKernels(device);
            CudaStream stream = (CudaStream) device.stream("test");
            kernels.waitForEachOther(stream, device.allocate("test", 1024));
            assertThatThrownBy(stream::synchronize)
                    .isInstanceOf(CudaException.class)
                    .hasMessageContaining("CUDA_ERROR_LAUNCH_FAILED");
            assertThat(CudaStandIn.complaint())
                    .contains("wait_for_each_other", "deadlock", "31 threads at __syncthreads, 1 in a warp operation");
        }
        useEverything();
    }
}
