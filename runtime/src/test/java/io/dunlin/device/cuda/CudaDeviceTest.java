package io.dunlin.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.device.Event;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What only a GPU has: kernels from PTX, memory that the host may not touch, threads that may not submit. */
@NeedsCuda
@Tag("cuda")
class CudaDeviceTest {
    @TempDir
    static Path cache;

    private CudaDevice device;
    private CudaStream stream;
    private TestKernels kernels;

    @BeforeEach
    void open() {
        device = TestKernels.open(CudaOptions.of(0, cache));
        stream = (CudaStream) device.stream("test");
        kernels = new TestKernels(device);
    }

    @AfterEach
    void close() {
        kernels.close();
        device.close();
    }

    private MemorySegment ramp(int elements) {
        MemorySegment host = device.allocateHost("test", (long) elements * Float.BYTES);
        for (int i = 0; i < elements; i++) {
            host.setAtIndex(ValueLayout.JAVA_FLOAT, i, i % 1000);
        }
        return host;
    }

    @Test
    void shouldRunKernelsFromPtx() {
        for (int elements : new int[] {1, 31, 32, 33, 256, 1_000_003}) {
            MemorySegment host = ramp(elements);
            MemorySegment x = device.allocate("test", host.byteSize());
            stream.upload(host, x);
            kernels.multiplyAdd(stream, x, 2, 1);
            kernels.multiplyAdd(stream, x, 1, 0.5f);
            stream.download(x, host);
            stream.synchronize();
            for (int i = 0; i < elements; i++) {
                assertThat(host.getAtIndex(ValueLayout.JAVA_FLOAT, i)).isEqualTo(i % 1000 * 2 + 1.5f);
            }
        }
    }

    @Test
    void shouldKeepBarriersAndShuffles() {
        assertThat(blockSumsThatAreRight("block_sums")).isEqualTo(64);
    }

    @Test
    @Tag("standin-only") // on a GPU the missing barrier may go unnoticed
    void shouldShowAMissingBarrier() {
        assertThat(blockSumsThatAreRight("block_sums_without_barrier")).isLessThan(64);
    }

    private int blockSumsThatAreRight(String kernel) {
        int blocks = 64;
        MemorySegment host = ramp(blocks * 256);
        MemorySegment x = device.allocate("test", host.byteSize());
        MemorySegment sums = device.allocate("test", (long) blocks * Float.BYTES);
        MemorySegment result = device.allocateHost("test", sums.byteSize());
        stream.upload(host, x);
        kernels.blockSums(kernel, stream, x, sums);
        stream.download(sums, result);
        stream.synchronize();
        int right = 0;
        for (int block = 0; block < blocks; block++) {
            float expected = 0;
            for (int i = 0; i < 256; i++) {
                expected += host.getAtIndex(ValueLayout.JAVA_FLOAT, block * 256L + i);
            }
            right += result.getAtIndex(ValueLayout.JAVA_FLOAT, block) == expected ? 1 : 0;
        }
        return right;
    }

    @Test
    void shouldThrowAndNotCrashWhenTheHostTouchesMemoryOfTheGpu() {
        MemorySegment memory = device.allocate("test", 64);
        assertThatThrownBy(() -> memory.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(WrongThreadException.class);
        assertThatThrownBy(() -> memory.asSlice(8, 8).fill((byte) 0)).isInstanceOf(WrongThreadException.class);
        assertThatThrownBy(() -> MemorySegment.ofArray(new byte[64]).copyFrom(memory))
                .isInstanceOf(WrongThreadException.class);
        assertThat(device.hostReadable()).isFalse();
    }

    @Test
    void shouldRefuseVirtualThreads() throws InterruptedException {
        Throwable[] thrown = new Throwable[1];
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        stream.record();
                    } catch (WrongThreadException e) {
                        thrown[0] = e;
                    }
                })
                .join();
        assertThat(thrown[0]).hasMessageContaining("virtual thread");
    }

    @Test
    void shouldPinMoreThanTwoGibibytes() {
        long lengthBytes = (2L << 30) + (16L << 20);
        MemorySegment pinned = device.allocateHost("test", lengthBytes);
        MemorySegment end = pinned.asSlice(lengthBytes - 4096, 4096);
        end.fill((byte) 5);
        MemorySegment memory = device.allocate("test", 4096);
        MemorySegment back = device.allocateHost("test", 4096);
        stream.upload(end, memory);
        stream.download(memory, back);
        stream.synchronize();
        assertThat(back.mismatch(end)).isEqualTo(-1);
    }

    @Test
    void shouldRecordEventsAnewOnlyAfterManyOthers() {
        Event first = stream.record();
        Set<Event> others = Collections.newSetFromMap(new IdentityHashMap<>());
        for (int i = 1; i < EventRing.LEAST; i++) {
            others.add(stream.record());
        }
        assertThat(others).hasSize(EventRing.LEAST - 1).doesNotContain(first);
        stream.synchronize();
        assertThat(first.done()).isTrue();
        for (int i = 0; i < 3 * EventRing.LEAST; i++) {
            Event next = stream.record();
            next.synchronize();
            others.add(next);
        }
        assertThat(others).contains(first).hasSizeBetween(EventRing.LEAST, EventRing.LEAST + 1);
    }

    @Test
    void shouldDescribeTheGpu() {
        assertThat(device.description()).startsWith("cuda, ").contains("compute capability", "MiB", "driver for CUDA");
    }

    @Test
    void shouldSayWhichGpusThereAre() {
        assertThatThrownBy(() -> TestKernels.open(CudaOptions.of(99, cache)))
                .isInstanceOf(CudaException.class)
                .hasMessageContaining("there is no GPU 99")
                .extracting(e -> ((CudaException) e).code())
                .isEqualTo("DUN-420");
    }

    @Test
    void shouldOpenTheSameGpuTwice() {
        try (CudaDevice second = TestKernels.open(CudaOptions.of(0, cache))) {
            MemorySegment memory = second.allocate("test", 64);
            MemorySegment host = second.allocateHost("test", 64);
            second.stream("test").download(memory, host);
        }
        shouldRunKernelsFromPtx();
    }
}
