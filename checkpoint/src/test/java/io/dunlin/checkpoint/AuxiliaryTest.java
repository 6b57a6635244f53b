package io.dunlin.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.checkpoint.Restored.AuxiliaryFound;
import io.dunlin.checkpoint.RunContent.Auxiliary;
import io.dunlin.device.HostAccess;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.NamedTensor;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import io.dunlin.tensor.TensorSlice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a run can go on without is saved by each rank, cut otherwise where that is wanted, and begins anew if it is not there. */
class AuxiliaryTest {
    private static final long ELEMENTS = 10;

    private final SimulatedDisk disk = new SimulatedDisk();
    private final CheckpointFolder folder = new CheckpointFolder(Path.of("/run/ckpt"), disk);

    /** Elements of a tensor, each its number times {@code scale}. */
    private static NamedTensor slice(String name, long offset, long length, float scale) {
        Tensor tensor =
                Tensor.of(DType.F32, Shape.of(length), Arena.ofAuto().allocate(length * Float.BYTES, Float.BYTES));
        for (long i = 0; i < length; i++) {
            tensor.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, scale * (offset + i));
        }
        return new NamedTensor(new TensorSlice(name, Shape.of(ELEMENTS), offset, length), tensor);
    }

    private static float[] values(NamedTensor tensor) {
        return tensor.tensor().segment().toArray(ValueLayout.JAVA_FLOAT);
    }

    /** Two ranks: each has its own, and a part of what is the host's. */
    private void save(long step) {
        Ranks.run(2, peers -> {
                    int rank = peers.rank();
                    List<NamedTensor> saved =
                            List.of(slice("own/rank." + rank, 0, ELEMENTS, 1 + rank), slice("host.0", 5L * rank, 5, 7));
                    RunContent content = new RunContent(
                                    RunContent.cut(SampleRun.tensors(step), rank, 2),
                                    HostAccess.HOST,
                                    RunContent.Copies.ONE,
                                    new SampleRun.CountingOptimizer(),
                                    Map.of(),
                                    Auxiliary.NONE)
                            .with(new Auxiliary(saved, saved, () -> {}));
                    CheckpointWriter writer =
                            new CheckpointWriter(folder, peers, 1, CommitPermit.GRANTED, SampleRun.CLOCK);
                    writer.begin(step - 1);
                    return writer.saveFrom(SampleRun.state(step), content.share());
                })
                .forEach(Ranks.Ending::value);
    }

    private Restored restore(Auxiliary auxiliary) {
        return new Restore(folder, Peers.alone(), SampleRun.CLOCK, HostAccess.HOST)
                .newest(SampleRun.blank(), auxiliary)
                .restored()
                .orElseThrow();
    }

    @Test
    void shouldCutOtherwiseWhatIsThereAndSayWhatIsNot() {
        save(4);
        NamedTensor own = slice("own/rank.1", 0, ELEMENTS, 0);
        NamedTensor middle = slice("host.0", 3, 4, 0);
        NamedTensor other = slice("own/rank.2", 0, ELEMENTS, -1);
        NamedTensor unlike = new NamedTensor(
                TensorSlice.whole("own/rank.0", Shape.of(3)),
                Tensor.of(DType.F32, Shape.of(3), Arena.ofAuto().allocate(3 * Float.BYTES, Float.BYTES)));

        Restored restored = restore(new Auxiliary(List.of(), List.of(own, middle, other, unlike), () -> {}));

        assertThat(values(own)).containsExactly(0, 2, 4, 6, 8, 10, 12, 14, 16, 18);
        assertThat(values(middle)).containsExactly(21, 28, 35, 42);
        assertThat(values(other)).startsWith(-0f, -1, -2);
        assertThat(values(unlike)).containsOnly(0);
        assertThat(restored.auxiliary()).isEqualTo(new AuxiliaryFound(4, 2, 2));
    }

    @Test
    void shouldAddUpWhatRanksMiss() {
        save(4);
        List<Restored> ranks = Ranks.run(3, peers -> {
                    NamedTensor own = slice("own/rank." + peers.rank(), 0, ELEMENTS, 0);
                    return new Restore(folder, peers, SampleRun.CLOCK, HostAccess.HOST)
                            .at(4, SampleRun.blank(), new Auxiliary(List.of(), List.of(own), () -> {}));
                })
                .stream()
                .map(Ranks.Ending::value)
                .toList();

        assertThat(ranks).allMatch(restored -> restored.auxiliary().equals(new AuxiliaryFound(3, 1, 2)));
    }

    /** A damaged checkpoint may have filled something that the next older one does not have. */
    @Test
    void shouldBeginAnewForEachCheckpointThatIsTried() throws IOException {
        SampleRun.save(folder, 3, 1, 1).forEach(Ranks.Ending::value);
        save(4);
        damageTheLastByte(folder.committed(4).resolve("rank-00001.safetensors"));
        NamedTensor own = slice("own/rank.0", 0, ELEMENTS, 0);

        Restored restored = restore(new Auxiliary(List.of(), List.of(own, slice("host.0", 5, 5, 0)), () -> own.tensor()
                .segment()
                .fill((byte) 0)));

        assertThat(restored.state().step()).isEqualTo(3);
        assertThat(restored.auxiliary().missing()).isEqualTo(2);
        assertThat(values(own)).containsOnly(0);
    }

    private void damageTheLastByte(Path file) throws IOException {
        byte[] bytes = disk.content(file);
        bytes[bytes.length - 1] ^= 1;
        disk.overwrite(file, bytes);
    }
}
