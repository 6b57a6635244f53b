package io.dunlin.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every device promises of memory, copies, streams and events. */
public abstract class DeviceContract {
    private static final long[] LENGTHS = {0, 1, 3, 63, 64, 65, 4096, 1_000_003, (5L << 20) + 7};

    private Device device;
    private Stream stream;

    /** A device of its own for each test. */
    protected abstract Device open();

    @BeforeEach
    void openDevice() {
        device = open();
        stream = device.stream("test");
    }

    @AfterEach
    void closeDevice() {
        device.close();
    }

    private MemorySegment pattern(long lengthBytes, int seed) {
        MemorySegment host = device.allocateHost("pattern", lengthBytes);
        for (long i = 0; i < lengthBytes; i++) {
            host.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31 + seed));
        }
        return host;
    }

    private MemorySegment download(MemorySegment memory) {
        MemorySegment host = device.allocateHost("result", memory.byteSize());
        stream.download(memory, host);
        stream.synchronize();
        return host;
    }

    private static void assertSame(MemorySegment actual, MemorySegment expected) {
        assertThat(actual.mismatch(expected)).as("first byte that differs").isEqualTo(-1);
    }

    @Test
    void shouldGiveZeroedAlignedMemoryOfAnyLength() {
        for (long length : LENGTHS) {
            MemorySegment memory = device.allocate("test", length);
            assertThat(memory.byteSize()).isEqualTo(length);
            assertThat(memory.address() % 64).isZero();
            assertSame(download(memory), MemorySegment.ofArray(new byte[(int) length]));
        }
    }

    @Test
    void shouldGiveZeroedAlignedMemoryOfTheHost() {
        for (long length : LENGTHS) {
            MemorySegment memory = device.allocateHost("test", length);
            assertThat(memory.byteSize()).isEqualTo(length);
            assertThat(memory.address() % 64).isZero();
            assertSame(memory, MemorySegment.ofArray(new byte[(int) length]));
        }
    }

    @Test
    void shouldNotLetMemoryOverlap() {
        List<MemorySegment> segments = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            MemorySegment memory = device.allocate("test", 1 + i * 997L);
            stream.upload(pattern(memory.byteSize(), i), memory);
            segments.add(memory);
        }
        for (int i = 0; i < 40; i++) {
            assertSame(download(segments.get(i)), pattern(segments.get(i).byteSize(), i));
        }
    }

    @Test
    void shouldTellWhatMemoryIsFor() {
        device.allocate("weights", 1024);
        device.allocate("activations", 512);
        device.allocate("weights", 512);
        assertThat(device.allocatedBytes())
                .containsExactly(Map.entry("weights", 1536L), Map.entry("activations", 512L));
    }

    @Test
    void shouldCopyThereAndBackFromBothKindsOfHostMemory() {
        try (Arena arena = Arena.ofConfined()) {
            for (long length : LENGTHS) {
                MemorySegment memory = device.allocate("test", length);
                MemorySegment expected = pattern(length, 7);
                stream.upload(expected, memory);
                assertSame(download(memory), expected);

                MemorySegment pageable = arena.allocate(length).copyFrom(pattern(length, 9));
                stream.upload(pageable, memory);
                MemorySegment back = arena.allocate(length);
                stream.download(memory, back);
                stream.synchronize();
                assertSame(back, pageable);
            }
        }
    }

    @Test
    void shouldCopySlicesAndLeaveTheRest() {
        MemorySegment memory = device.allocate("test", 1000);
        stream.upload(pattern(1000, 1), memory);
        stream.upload(pattern(100, 2), memory.asSlice(300, 100));
        MemorySegment expected = pattern(1000, 1);
        expected.asSlice(300, 100).copyFrom(pattern(100, 2));
        assertSame(download(memory), expected);
        assertSame(download(memory.asSlice(299, 102)), expected.asSlice(299, 102));
    }

    @Test
    void shouldRefuseCopiesOfUnequalLength() {
        MemorySegment memory = device.allocate("test", 100);
        MemorySegment host = device.allocateHost("test", 99);
        assertThatThrownBy(() -> stream.upload(host, memory)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> stream.download(memory, host)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldRefuseCopiesFromAndToTheJavaHeap() {
        MemorySegment memory = device.allocate("test", 100);
        MemorySegment heap = MemorySegment.ofArray(new byte[100]);
        assertThatThrownBy(() -> stream.upload(heap, memory))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("heap");
        assertThatThrownBy(() -> stream.download(memory, heap))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("heap");
    }

    @Test
    void shouldKeepTheOrderOfAStream() {
        MemorySegment memory = device.allocate("test", 1 << 20);
        MemorySegment last = MemorySegment.NULL;
        for (int i = 0; i < 10; i++) {
            last = pattern(memory.byteSize(), i);
            stream.upload(last, memory);
        }
        assertSame(download(memory), last);
    }

    @Test
    void shouldOrderStreamsByEvents() {
        Stream other = device.stream("other");
        MemorySegment memory = device.allocate("test", 1 << 20);
        MemorySegment result = device.allocateHost("result", memory.byteSize());
        for (int i = 0; i < 12; i++) {
            MemorySegment expected = pattern(memory.byteSize(), i);
            stream.upload(expected, memory);
            other.await(stream.record());
            other.download(memory, result);
            Event read = other.record();
            stream.await(read); // the next upload may not overtake the reader
            read.synchronize();
            assertThat(read.done()).isTrue();
            assertSame(result, expected);
        }
    }

    @Test
    void shouldKnowEventsThatWereReachedLongAgo() {
        Event first = stream.record();
        MemorySegment memory = device.allocate("test", 64);
        MemorySegment host = pattern(64, 3);
        for (int i = 0; i < 2000; i++) {
            stream.upload(host, memory);
            stream.record();
        }
        stream.synchronize();
        assertThat(first.done()).isTrue();
        first.synchronize();
        stream.await(first);
        stream.synchronize();
    }

    @Test
    void shouldServeAStreamForEachThread() throws ExecutionException, InterruptedException {
        List<Future<?>> results = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            for (int i = 0; i < 4; i++) {
                Stream own = device.stream("thread " + i);
                MemorySegment expected = pattern(100_000, i);
                MemorySegment memory = device.allocate("test", expected.byteSize());
                MemorySegment result = device.allocateHost("result", expected.byteSize());
                results.add(threads.submit(() -> {
                    for (int repeat = 0; repeat < 20; repeat++) {
                        result.fill((byte) 0);
                        own.upload(expected, memory);
                        own.download(memory, result);
                        own.record().synchronize();
                        assertSame(result, expected);
                    }
                }));
            }
        }
        for (Future<?> result : results) {
            result.get();
        }
    }
}
