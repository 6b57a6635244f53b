package io.dunlin.collectives.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.collectives.Media;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.ReductionOrder;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.algorithm.AlgorithmTable.Entry;
import io.dunlin.collectives.transport.PeerMemory;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is measured is chosen, from file to operation; a file that is not what was written is refused at its place. */
class AlgorithmTableTest {
    private static final OperationKind ALL_REDUCE = OperationKind.ALL_REDUCE;

    private final AlgorithmTable table = new AlgorithmTable(List.of(
            new Entry(ALL_REDUCE, 4, Media.IPC, AlgorithmTable.ANY_LENGTH, Way.RING),
            new Entry(ALL_REDUCE, 4, Media.IPC, 4_096, Way.DOUBLING),
            new Entry(ALL_REDUCE, 4, Media.IPC, 65_536, Way.HALVING_DOUBLING),
            new Entry(ALL_REDUCE, 4, Media.UDP, 1_000, Way.OWNERS),
            new Entry(OperationKind.BROADCAST, 4, Media.IPC, AlgorithmTable.ANY_LENGTH, Way.CHAIN)));

    @Test
    void shouldReadWhatItWrote(@TempDir Path folder) {
        Path file = folder.resolve("algorithms.txt");
        table.write(file);
        assertThat(AlgorithmTable.read(file)).isEqualTo(table);
        assertThat(folder).isDirectoryNotContaining("glob:**.partial");
        assertThat(file)
                .content()
                .startsWith("dunlin algorithms 1\n")
                .contains("all-reduce 4 ipc 4096 doubling\n")
                .contains("broadcast 4 ipc any chain\n");
    }

    /** The text, with its checksum. */
    private static String sealed(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        return text + "crc32c %08x\n".formatted(crc.getValue());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "all-reduce 4 ipc 1024 rings | 2:23 | no algorithm is called \"rings\"",
                "all-reduse 4 ipc 1024 ring | 2:1 | no operation is called",
                "tree all-reduce 4 ipc 1024 tree | 2:1 | expected operation, ranks",
                "all-reduce 4 wire 1024 ring | 2:14 | no media is called \"wire\"",
                "all-reduce 1 ipc 1024 ring | 2:12 | 1 is not in 2 to",
                "all-reduce four ipc 1024 ring | 2:12 | not a number",
                "all-reduce 4 ipc -7 ring | 2:18 | -7 is not in 0 to",
                "barrier 4 ipc any chain | 2:19 | barrier is not done by way of chain",
                "all-reduce 4 ipc | 2:1 | expected operation, ranks",
            })
    void shouldNameThePlaceOfAMistake(String line, String place, String words) {
        String text = sealed("dunlin algorithms 1\n" + line + '\n');
        assertThatThrownBy(() -> AlgorithmTableFile.parse("tuned.txt", text))
                .isInstanceOf(AlgorithmTableException.class)
                .hasMessageStartingWith("tuned.txt:" + place + ": ")
                .hasMessageContaining(words);
    }

    @Test
    void shouldRefuseTwoEntriesForTheSame() {
        String line = "all-reduce 4 ipc 1024 ring\n";
        String text = sealed("dunlin algorithms 1\n" + line + line);
        assertThatThrownBy(() -> AlgorithmTableFile.parse("tuned.txt", text))
                .hasMessageContaining("tuned.txt:3:1: there is another entry");
    }

    @Test
    void shouldNoticeEveryDamagedByte(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("algorithms.txt");
        table.write(file);
        byte[] good = Files.readAllBytes(file);
        for (int i = 0; i < good.length; i++) {
            byte[] bad = good.clone();
            bad[i] ^= 1;
            Files.write(file, bad);
            assertThatThrownBy(() -> AlgorithmTable.read(file))
                    .as("byte %d", i)
                    .isInstanceOfSatisfying(AlgorithmTableException.class, e -> assertThat(e.code())
                            .isEqualTo("DUN-707"));
        }
        for (int length = 0; length < good.length; length++) {
            Files.write(file, java.util.Arrays.copyOf(good, length));
            assertThatThrownBy(() -> AlgorithmTable.read(file))
                    .as("%d bytes", length)
                    .isInstanceOf(AlgorithmTableException.class);
        }
    }

    @Test
    void shouldSayThatAFileIsMissing(@TempDir Path folder) {
        assertThatThrownBy(() -> AlgorithmTable.read(folder.resolve("none.txt")))
                .isInstanceOf(AlgorithmTableException.class)
                .hasMessageContaining("cannot be read");
    }

    @ParameterizedTest
    @CsvSource({
        "0, DOUBLING",
        "4096, DOUBLING",
        "4100, HALVING_DOUBLING",
        "65536, HALVING_DOUBLING",
        "65540, RING",
        "9999996, RING"
    })
    void shouldChooseByLength(long bytes, Way way) {
        assertThat(choice(Tuning.standard(4).withTable(table), Media.IPC, bytes, DType.F32))
                .isEqualTo(way);
    }

    @Test
    void shouldForceAWayOnAllThatItCanDo() {
        assertThat(AlgorithmTable.forced(2, Way.CHAIN).entries())
                .extracting(Entry::operation)
                .containsOnly(OperationKind.BROADCAST, OperationKind.REDUCE);
        assertThat(AlgorithmTable.forced(2, Way.SHARED).find(ALL_REDUCE, 2, Media.SHARED_MEMORY, 1 << 30))
                .isEqualTo(Way.SHARED);
        assertThat(AlgorithmTable.forced(2, Way.TREE)).isEqualTo(AlgorithmTable.EMPTY);
    }

    @Test
    void shouldReplaceWhatWasMeasuredAgain() {
        Entry again = new Entry(ALL_REDUCE, 4, Media.IPC, AlgorithmTable.ANY_LENGTH, Way.BIDIRECTIONAL);

        assertThat(table.updatedBy(new AlgorithmTable(List.of(again))).entries())
                .containsExactly(
                        again,
                        new Entry(ALL_REDUCE, 4, Media.UDP, 1_000, Way.OWNERS),
                        new Entry(OperationKind.BROADCAST, 4, Media.IPC, AlgorithmTable.ANY_LENGTH, Way.CHAIN));
        assertThat(table.updatedBy(AlgorithmTable.EMPTY)).isEqualTo(table);
    }

    private static Way choice(Tuning tuning, Media media, long bytes, DType dtype) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(bytes);
            Call call = new Call();
            call.allReduce(data, data, dtype, ReduceOp.SUM);
            return new Repertoire(0, tuning, media, PeerMemory.NONE, arena).choose(call);
        }
    }

    @Test
    void shouldPassOverWhatWouldBreakAPromise() {
        Tuning tuned = Tuning.standard(4).withTable(table);
        assertThat(choice(tuned, Media.IPC, 1_000_000, DType.BF16)).isEqualTo(Way.OWNERS);
        assertThat(choice(tuned.withOrder(ReductionOrder.RANK_ORDER), Media.IPC, 1_000_000, DType.F32))
                .isEqualTo(Way.OWNERS);
    }

    @Test
    void shouldFillByFormulasWhatIsNotMeasured() {
        Tuning tuned = Tuning.standard(4).withTable(table);
        assertThat(choice(tuned, Media.UDP, 1_000, DType.F32)).isEqualTo(Way.OWNERS);
        assertThat(choice(tuned, Media.UDP, 64, DType.F32)).isEqualTo(Way.OWNERS);
        assertThat(choice(tuned, Media.UDP, 4_000_000, DType.F32)).isEqualTo(Way.RING);
        assertThat(choice(Tuning.standard(3).withTable(table), Media.IPC, 64, DType.F32))
                .isEqualTo(Way.DIRECT);
    }

    @Test
    void shouldGoByHostsWhereTheyHaveSeveralRanks() {
        Topology topology = Topology.ofHosts(List.of("a", "a", "b", "b"));
        Tuning tuning = Tuning.standard(4).withTopology(topology);
        assertThat(choice(tuning, Media.MIXED, 64, DType.F32)).isNotEqualTo(Way.RING);
        assertThat(choice(tuning, Media.MIXED, 64 << 20, DType.F32)).isEqualTo(Way.HIERARCHICAL);
    }

    @Test
    void shouldTellTuningsApart() {
        Tuning standard = Tuning.standard(4);
        assertThat(List.of(
                        standard.fingerprint(),
                        standard.withTable(table).fingerprint(),
                        standard.withOrder(ReductionOrder.RANK_ORDER).fingerprint(),
                        standard.withTopology(Topology.ofHosts(List.of("a", "a", "b", "b")))
                                .fingerprint()))
                .doesNotHaveDuplicates();
        assertThat(Tuning.standard(4).fingerprint()).isEqualTo(standard.fingerprint());
    }
}
