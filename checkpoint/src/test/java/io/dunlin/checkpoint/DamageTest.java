package io.dunlin.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.device.HostAccess;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.NamedTensor;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import io.dunlin.tensor.TensorSlice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A checkpoint that is not as it was written is noticed, named and passed over. */
class DamageTest {
    private static final Path ROOT = Path.of("/run/ckpt");
    private static final List<String> FILES =
            List.of("manifest.json", "rank-00000.safetensors", "rank-00001.safetensors");

    private final SimulatedDisk disk = new SimulatedDisk();
    private final CheckpointFolder folder = new CheckpointFolder(ROOT, disk);

    @BeforeEach
    void twoCheckpoints() {
        SampleRun.save(folder, 1, 2, 1).forEach(Ranks.Ending::value);
        SampleRun.save(folder, 2, 2, 2).forEach(Ranks.Ending::value);
    }

    private Restore restore() {
        return new Restore(folder, Peers.alone(), SampleRun.CLOCK, HostAccess.HOST);
    }

    private Rejected fallBackToStep1() {
        List<NamedTensor> into = SampleRun.blank();
        Restore.Outcome outcome = restore().newest(into);
        assertThat(outcome.restored().orElseThrow().state()).isEqualTo(SampleRun.state(1));
        assertThat(SampleRun.bytes(into)).isEqualTo(SampleRun.bytes(SampleRun.tensors(1)));
        assertThat(outcome.rejected()).hasSize(1);
        return outcome.rejected().getFirst();
    }

    @Test
    void shouldNoticeEveryFlippedByte() throws IOException {
        for (String name : FILES) {
            Path path = folder.committed(2).resolve(name);
            byte[] intact = disk.content(path);
            for (int i = 0; i < intact.length; i++) {
                byte[] flipped = intact.clone();
                flipped[i] ^= (byte) (1 << i % 8);
                disk.overwrite(path, flipped);
                Rejected rejected = fallBackToStep1();
                assertThat(rejected.reason()).as("byte %d of %s", i, name).hasMessageContaining(name);
                assertThat(new CheckpointInspection(folder).verify(2).problems())
                        .as("byte %d of %s", i, name)
                        .hasSize(1);
            }
            disk.overwrite(path, intact);
        }
    }

    @Test
    void shouldNameFileTensorAndRangeOfADamagedTensor() throws IOException {
        Path path = folder.committed(2).resolve("rank-00001.safetensors");
        byte[] bytes = disk.content(path);
        bytes[bytes.length - 1] ^= 1;
        disk.overwrite(path, bytes);
        CheckpointException reason = fallBackToStep1().reason();
        assertThat(reason.error()).isEqualTo(CheckpointError.CRC_MISMATCH);
        assertThat(reason.code()).isEqualTo("DUN-307");
        assertThat(reason)
                .hasMessageMatching("tensor optimizer\\.m/wte\\.weight: CRC32C mismatch in"
                        + " step-00000002/rank-00001\\.safetensors at [0-9,]+\\.\\.\\+[0-9,]+\\. The file is damaged");
    }

    @Test
    void shouldNoticeEveryTruncation() throws IOException {
        for (String name : FILES) {
            Path path = folder.committed(2).resolve(name);
            byte[] intact = disk.content(path);
            for (int length = 0; length < intact.length; length++) {
                disk.overwrite(path, Arrays.copyOf(intact, length));
                assertThat(fallBackToStep1().reason())
                        .as("%s cut to %d", name, length)
                        .hasMessageContaining(name);
            }
            disk.overwrite(path, Arrays.copyOf(intact, intact.length + 1));
            assertThat(fallBackToStep1().reason()).hasMessageContaining(name);
            disk.overwrite(path, intact);
        }
    }

    @Test
    void shouldPassOverAMissingShardAndAMissingManifest() throws IOException {
        Path shard = folder.committed(2).resolve("rank-00001.safetensors");
        disk.delete(shard);
        CheckpointException reason = fallBackToStep1().reason();
        assertThat(reason.code()).isEqualTo("DUN-305");
        assertThat(reason).hasMessage("checkpoint step-00000002 is incomplete (rank-00001.safetensors missing)");
        disk.delete(folder.committed(2).resolve("manifest.json"));
        assertThat(fallBackToStep1().reason()).hasMessage("checkpoint step-00000002 is incomplete (no manifest.json)");
    }

    @Test
    void shouldNoticeAShardOfAnotherStep() throws IOException {
        String name = "rank-00000.safetensors";
        disk.overwrite(
                folder.committed(2).resolve(name),
                disk.content(folder.committed(1).resolve(name)));
        assertThat(fallBackToStep1().reason()).hasMessageContaining(name);
    }

    @Test
    void shouldNoticeAWholeCheckpointUnderAnotherName() throws IOException {
        disk.rename(folder.committed(2), folder.committed(3));
        assertThat(fallBackToStep1().reason()).hasMessageContaining("step-00000003 holds the checkpoint of step 2");
    }

    @Test
    void shouldSayThatAnUnfinishedOneWasPassedOver() throws IOException {
        disk.rename(folder.committed(2), ROOT.resolve("step-00000002.g2.tmp"));
        assertThat(fallBackToStep1().reason()).hasMessage("checkpoint step-00000002.g2.tmp was never finished");
    }

    @Test
    void shouldNotStartAfreshWhereEveryCheckpointIsDamaged() throws IOException {
        disk.delete(folder.committed(1).resolve("manifest.json"));
        disk.overwrite(folder.committed(2).resolve("manifest.json"), new byte[100]);
        assertThatThrownBy(() -> restore().newest(SampleRun.blank()))
                .isInstanceOfSatisfying(
                        CheckpointException.class, e -> assertThat(e.error()).isEqualTo(CheckpointError.NONE_USABLE))
                .hasMessageContaining("2 checkpoints")
                .hasMessageContaining("DUN-304")
                .hasMessageContaining("DUN-305");
    }

    @Test
    void shouldLoadTheStepAskedForAndNoOther() throws IOException {
        List<NamedTensor> into = SampleRun.blank();
        assertThat(restore().at(1, into).state().step()).isEqualTo(1);
        assertThat(SampleRun.bytes(into)).isEqualTo(SampleRun.bytes(SampleRun.tensors(1)));
        assertThatThrownBy(() -> restore().at(7, into)).hasMessageContaining("no checkpoint of step 7");
        disk.delete(folder.committed(2).resolve("rank-00000.safetensors"));
        assertThatThrownBy(() -> restore().at(2, into)).hasMessageContaining("rank-00000.safetensors missing");
    }

    @Test
    void shouldFallBackTogetherWhenOneRankCannotReadItsPart() {
        for (long k = 0; k < 12; k++) {
            disk.failAt(k, SimulatedDisk.Failure.ERROR);
            List<Ranks.Ending<Long>> endings =
                    Ranks.run(3, peers -> new Restore(folder, peers, SampleRun.CLOCK, HostAccess.HOST)
                            .newest(SampleRun.blank())
                            .restored()
                            .map(r -> r.state().step())
                            .orElse(-1L));
            disk.heal();
            if (k == 0) {
                assertThat(endings).allSatisfy(e -> assertThat(e.cause()).hasMessageContaining("cannot list"));
            } else {
                assertThat(endings).allSatisfy(e -> assertThat(e.value()).isEqualTo(1L));
            }
        }
    }

    @Test
    void shouldRefuseAModelOfAnotherShapeAndNotFallBack() {
        assertThatThrownBy(() -> restore().newest(List.of(target("wte.weight", DType.F32, Shape.of(5, 7)))))
                .isInstanceOfSatisfying(
                        CheckpointException.class, e -> assertThat(e.error()).isEqualTo(CheckpointError.DOES_NOT_FIT))
                .hasMessageContaining("F32[7x5] in checkpoint step-00000002, and F32[5x7] in this run");
        assertThatThrownBy(() -> restore().newest(List.of(target("wte.weight", DType.BF16, Shape.of(7, 5)))))
                .hasMessageContaining("BF16[7x5] in this run");
        assertThatThrownBy(() -> restore().newest(List.of(target("lm_head.weight", DType.F32, Shape.of(5)))))
                .hasMessageContaining("holds no tensor lm_head.weight");
    }

    private static NamedTensor target(String name, DType dtype, Shape shape) {
        return new NamedTensor(
                TensorSlice.whole(name, shape),
                Tensor.of(dtype, shape, Arena.ofAuto().allocate(shape.elements() * dtype.bytes(), 8)));
    }

    @Test
    void shouldFindNothingInAnEmptyOrMissingFolder() {
        Restore.Outcome outcome = new Restore(
                        new CheckpointFolder(Path.of("/elsewhere/ckpt"), disk),
                        Peers.alone(),
                        SampleRun.CLOCK,
                        HostAccess.HOST)
                .newest(SampleRun.blank());
        assertThat(outcome.restored()).isEmpty();
        assertThat(outcome.rejected()).isEmpty();
    }
}
