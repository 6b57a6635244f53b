package io.dunlin.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.checkpoint.CheckpointFolder.Entry;
import io.dunlin.checkpoint.CheckpointFolder.Standing;
import io.dunlin.checkpoint.CheckpointInspection.Summary;
import io.dunlin.checkpoint.CheckpointInspection.Verification;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CheckpointInspectionTest {
    private static final Path ROOT = Path.of("/run/ckpt");

    private final SimulatedDisk disk = new SimulatedDisk();
    private final CheckpointFolder folder = new CheckpointFolder(ROOT, disk);
    private final CheckpointInspection inspection = new CheckpointInspection(folder);

    @BeforeEach
    void threeCheckpoints() {
        for (long step = 1; step <= 3; step++) {
            SampleRun.save(folder, step, 2, step).forEach(Ranks.Ending::value);
        }
    }

    @Test
    void shouldListCompleteAndIncompleteOnes() throws IOException {
        disk.delete(folder.committed(2).resolve("rank-00000.safetensors"));
        disk.rename(folder.committed(3), ROOT.resolve("step-00000003.g3.tmp"));
        assertThat(inspection.list())
                .extracting(s -> s.entry().standing())
                .containsExactly(Standing.UNFINISHED, Standing.COMMITTED, Standing.COMMITTED);
        assertThat(inspection.list())
                .extracting(s -> s.problem().map(Throwable::getMessage).orElse("fine"))
                .containsExactly(
                        "checkpoint step-00000003.g3.tmp is being written, or was never finished",
                        "checkpoint step-00000002 is incomplete (rank-00000.safetensors missing)",
                        "fine");
        Summary fine = inspection.list().getLast();
        assertThat(fine.manifest().orElseThrow().state()).isEqualTo(SampleRun.state(1));
        assertThat(fine.manifest().orElseThrow().files()).hasSize(2);
    }

    @Test
    void shouldFindEveryDamagedPartAtOnce() throws IOException {
        Path shard = folder.committed(3).resolve("rank-00000.safetensors");
        byte[] bytes = disk.content(shard);
        bytes[20] ^= 1;
        bytes[bytes.length - 1] ^= 1;
        disk.overwrite(shard, bytes);
        disk.delete(folder.committed(3).resolve("rank-00001.safetensors"));
        Verification verification = inspection.verify(3);
        assertThat(verification.problems()).extracting(e -> e.code()).containsExactly("DUN-306", "DUN-307", "DUN-305");
        assertThat(inspection.verify(2).problems()).isEmpty();
        assertThat(inspection.verify(2).bytes()).isEqualTo(inspection.show(2).bytes());
    }

    @Test
    void shouldSayWhichStepIsNotThere() {
        assertThatThrownBy(() -> inspection.show(4)).hasMessage("there is no checkpoint of step 4 in /run/ckpt");
        assertThatThrownBy(() -> inspection.verify(4)).hasMessageContaining("step 4");
    }

    @Test
    void shouldTellFoldersByTheirNames() {
        assertThat(standing("step-00000500")).isEqualTo(Standing.COMMITTED);
        assertThat(standing("step-00000500.tmp")).isEqualTo(Standing.UNFINISHED);
        assertThat(standing("step-00000500.g12.tmp")).isEqualTo(Standing.UNFINISHED);
        assertThat(standing("step-00000500.trash")).isEqualTo(Standing.TRASH);
        assertThat(standing("step-00000500.aside-2")).isEqualTo(Standing.ASIDE);
        assertThat(CheckpointFolder.entry(Path.of("step-500"))).isEmpty();
        assertThat(CheckpointFolder.entry(Path.of("step-00000500.bak"))).isEmpty();
        assertThat(CheckpointFolder.entry(Path.of("owner"))).isEmpty();
        assertThat(CheckpointFolder.entry(Path.of("step-123456789012")).map(Entry::step))
                .contains(123456789012L);
    }

    private static Standing standing(String name) {
        return CheckpointFolder.entry(Path.of(name)).orElseThrow().standing();
    }
}
