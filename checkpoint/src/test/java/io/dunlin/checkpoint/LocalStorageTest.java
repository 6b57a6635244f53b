package io.dunlin.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.dunlin.checkpoint.CheckpointFolder.Standing;
import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.checkpoint.format.LocalStorage;
import io.dunlin.checkpoint.format.SafetensorsFile;
import io.dunlin.checkpoint.format.Storage;
import io.dunlin.device.HostAccess;
import io.dunlin.tensor.NamedTensor;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same saves and restores on a real file system and on one in memory that can be full. */
class LocalStorageTest {
    private static void saveFailAndRestore(Path run) throws IOException {
        CheckpointFolder folder = new CheckpointFolder(run.resolve("ckpt"), new LocalStorage());
        SampleRun.save(folder, 1, 3, 1).forEach(Ranks.Ending::value);
        SampleRun.save(folder, 2, 2, 2).forEach(Ranks.Ending::value);
        Files.createDirectories(run.resolve("ckpt/step-00000003.tmp"));
        Files.writeString(run.resolve("ckpt/step-00000003.tmp/rank-00000.safetensors"), "half");

        List<NamedTensor> into = SampleRun.blank();
        Restore.Outcome outcome = new Restore(folder, Peers.alone(), SampleRun.CLOCK, HostAccess.HOST).newest(into);
        assertThat(outcome.restored().orElseThrow().state()).isEqualTo(SampleRun.state(2));
        assertThat(outcome.rejected()).extracting(Rejected::step).containsExactly(3L);
        assertThat(SampleRun.bytes(into)).isEqualTo(SampleRun.bytes(SampleRun.tensors(2)));

        SampleRun.save(folder, 3, 1, 3).forEach(Ranks.Ending::value);
        assertThat(folder.scan()).hasSize(3).allMatch(e -> e.standing() == Standing.COMMITTED);
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsFile file = SafetensorsFile.open(
                    new LocalStorage(), folder.committed(3).resolve("rank-00000.safetensors"), arena);
            assertThat(file.metadata()).containsEntry("step", "3").containsEntry("rank", "0 of 1");
            assertThat(file.tensor("wte.weight").orElseThrow().shape().extent(0))
                    .isEqualTo(7);
        }
        CheckpointWriter again = new CheckpointWriter(folder, Peers.alone(), 4, CommitPermit.GRANTED, SampleRun.CLOCK);
        again.begin(3);
        assertThatThrownBy(() -> again.save(SampleRun.state(3), SampleRun.tensors(3)))
                .hasMessageContaining("is there already, saved by generation 3");
    }

    @Test
    void shouldSaveAndRestoreOnARealFileSystem(@TempDir Path run) throws IOException {
        saveFailAndRestore(run.resolve("a/b"));
    }

    @Test
    void shouldSaveAndRestoreInMemory() throws IOException {
        try (FileSystem memory = Jimfs.newFileSystem(Configuration.unix())) {
            saveFailAndRestore(memory.getPath("/run"));
        }
    }

    @ParameterizedTest
    @CsvSource({"1024, NO_SPACE", "2048, SAVE_FAILED"})
    void shouldKeepWhatIsThereOnAFullDisk(int freeBytes, CheckpointError error) throws IOException {
        try (FileSystem memory = Jimfs.newFileSystem(Configuration.unix().toBuilder()
                .setMaxSize(64 << 10)
                .setBlockSize(512)
                .build())) {
            Path run = memory.getPath("/run");
            CheckpointFolder folder = new CheckpointFolder(run, new LocalStorage());
            SampleRun.save(folder, 1, 1, 1).forEach(Ranks.Ending::value);
            long usable = folder.storage().usableBytes(run);
            Files.write(run.resolve("ballast"), new byte[(int) usable - freeBytes]);
            assertThat(SampleRun.save(folder, 2, 1, 2).getFirst().cause())
                    .isInstanceOfSatisfying(CheckpointException.class, e -> assertThat(e.error())
                            .isEqualTo(error));
            assertThat(folder.scan()).hasSize(1);
            List<NamedTensor> into = SampleRun.blank();
            assertThat(new Restore(folder, Peers.alone(), SampleRun.CLOCK, HostAccess.HOST)
                            .newest(into)
                            .restored())
                    .isPresent();
            assertThat(SampleRun.bytes(into)).isEqualTo(SampleRun.bytes(SampleRun.tensors(1)));
        }
    }

    @Test
    void shouldSayThatAFileEndsBeforeItShould(@TempDir Path folder) throws IOException {
        Path path = Files.write(folder.resolve("short"), new byte[10]);
        try (Storage.InputFile file = new LocalStorage().open(path)) {
            MemorySegment target = Arena.ofAuto().allocate(8);
            file.read(2, target);
            assertThatThrownBy(() -> file.read(3, target))
                    .isInstanceOf(EOFException.class)
                    .hasMessageContaining("ends at 10");
        }
    }
}
