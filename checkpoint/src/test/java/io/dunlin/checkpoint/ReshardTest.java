package io.dunlin.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.device.HostAccess;
import io.dunlin.tensor.NamedTensor;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import io.dunlin.tensor.TensorSlice;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Saved by p ranks, loaded by q. */
class ReshardTest {
    private final CheckpointFolder folder = new CheckpointFolder(Path.of("/run/ckpt"), new SimulatedDisk());

    @Test
    void shouldGiveTheSameBitsOnAnyNumberOfRanks() {
        for (int p = 1; p <= 4; p++) {
            long step = p;
            SampleRun.save(folder, step, p, p).forEach(Ranks.Ending::value);
            byte[] expected = SampleRun.bytes(SampleRun.tensors(step));
            for (int q = 1; q <= 4; q++) {
                List<Ranks.Ending<byte[]>> endings = Ranks.run(q, peers -> {
                    List<NamedTensor> into = SampleRun.blank();
                    Restored restored = new Restore(folder, peers, SampleRun.CLOCK, HostAccess.HOST)
                            .newest(into)
                            .restored()
                            .orElseThrow();
                    assertThat(restored.state()).isEqualTo(SampleRun.state(step));
                    return SampleRun.bytes(into);
                });
                assertThat(endings)
                        .as("saved by %d, loaded by %d", p, q)
                        .hasSize(q)
                        .allSatisfy(e -> assertThat(e.value()).isEqualTo(expected));
            }
        }
    }

    @Test
    void shouldFillSlicesThatAreCutOtherwiseThanTheyWereSaved() {
        SampleRun.save(folder, 9, 3, 1).forEach(Ranks.Ending::value);
        for (int q = 1; q <= 7; q++) {
            for (int rank = 0; rank < q; rank++) {
                List<NamedTensor> wanted = RunContent.cut(SampleRun.tensors(9), rank, q);
                List<NamedTensor> into = wanted.stream().map(ReshardTest::blank).toList();
                new Restore(folder, Peers.alone(), SampleRun.CLOCK, HostAccess.HOST).at(9, into);
                assertThat(SampleRun.bytes(into)).isEqualTo(SampleRun.bytes(wanted));
            }
        }
    }

    @Test
    void shouldSaveSlicesThatRanksOwnAsTheyAre() {
        List<NamedTensor> all = SampleRun.tensors(4);
        Ranks.run(3, peers -> {
                    List<NamedTensor> owned = RunContent.cut(all, peers.rank(), 3);
                    RunContent content = new RunContent(
                            owned,
                            HostAccess.HOST,
                            RunContent.Copies.ONE,
                            new SampleRun.CountingOptimizer(),
                            java.util.Map.of(),
                            RunContent.Auxiliary.NONE);
                    assertThat(content.share().stream().map(SliceSource::slice))
                            .isEqualTo(owned.stream().map(NamedTensor::slice).toList());
                    CheckpointWriter writer =
                            new CheckpointWriter(folder, peers, 1, CommitPermit.GRANTED, SampleRun.CLOCK);
                    writer.begin(0);
                    return writer.saveFrom(SampleRun.state(4), content.share());
                })
                .forEach(Ranks.Ending::value);
        List<NamedTensor> into = SampleRun.blank();
        new Restore(folder, Peers.alone(), SampleRun.CLOCK, HostAccess.HOST).newest(into);
        assertThat(SampleRun.bytes(into)).isEqualTo(SampleRun.bytes(all));
    }

    @Property(tries = 300)
    void shouldCutEverythingOnceAndEvenly(@ForAll @IntRange(min = 1, max = 40) int ranks) {
        List<NamedTensor> all = SampleRun.tensors(1);
        long total = all.stream().mapToLong(t -> t.tensor().bytes()).sum();
        List<NamedTensor> parts = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            List<NamedTensor> share = RunContent.cut(all, rank, ranks);
            long bytes = share.stream().mapToLong(t -> t.tensor().bytes()).sum();
            assertThat(bytes).isBetween(total / ranks - 8, total / ranks + 8);
            parts.addAll(share);
        }
        assertThat(SampleRun.bytes(parts)).isEqualTo(SampleRun.bytes(all));
        for (NamedTensor whole : all) {
            long at = 0;
            for (NamedTensor part : parts) {
                if (part.slice().name().equals(whole.slice().name())) {
                    assertThat(part.slice().offset()).isEqualTo(at);
                    at = part.slice().end();
                }
            }
            assertThat(at).isEqualTo(whole.slice().length());
        }
    }

    private static NamedTensor blank(NamedTensor like) {
        TensorSlice slice = like.slice();
        return new NamedTensor(
                slice,
                Tensor.of(
                        like.tensor().dtype(),
                        Shape.of(slice.length()),
                        Arena.ofAuto().allocate(like.tensor().bytes(), 8)));
    }
}
