package io.dunlin.device.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeFolderTest {
    /** A resource in a jar of the test class path, and one in a folder of it. */
    private static final List<String> RESOURCES =
            List.of("org/assertj/core/api/Assertions.class", "io/dunlin/device/natives/NativeFolderTest.class");

    @TempDir
    Path folder;

    @Test
    void shouldUnpackOnce() throws IOException {
        List<Path> files = new NativeFolder(folder).unpack(RESOURCES).orElseThrow();
        assertThat(files).hasSize(2).allMatch(Files::isRegularFile);
        assertThat(files.getFirst()).hasFileName("Assertions.class");
        Object key = Files.readAttributes(files.getFirst(), BasicFileAttributes.class)
                .fileKey();
        assertThat(new NativeFolder(folder).unpack(RESOURCES).orElseThrow()).isEqualTo(files);
        assertThat(Files.readAttributes(files.getFirst(), BasicFileAttributes.class)
                        .fileKey())
                .isEqualTo(key);
    }

    @Test
    void shouldReplaceAFileOfTheWrongLength() throws IOException {
        Path file = new NativeFolder(folder).unpack(RESOURCES).orElseThrow().getFirst();
        long length = Files.size(file);
        Files.write(file, new byte[] {1, 2, 3});
        assertThat(new NativeFolder(folder).unpack(RESOURCES)).isPresent();
        assertThat(file).hasSize(length);
    }

    @Test
    void shouldWorkForManyAtOnceAndLeaveNothingPartial() throws IOException, InterruptedException, ExecutionException {
        List<Future<List<Path>>> results = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (int i = 0; i < 8; i++) {
                results.add(threads.submit(
                        () -> new NativeFolder(folder).unpack(RESOURCES).orElseThrow()));
            }
        }
        for (Future<List<Path>> result : results) {
            assertThat(result.get()).isEqualTo(results.getFirst().get());
        }
        try (Stream<Path> all = Files.walk(folder)) {
            assertThat(all.filter(Files::isRegularFile)).hasSize(2);
        }
    }

    @Test
    void shouldBeEmptyWhereTheClassPathLacksAResource() {
        assertThat(new NativeFolder(folder).unpack(List.of("no/such.so"))).isEmpty();
    }

    @Test
    void shouldNameTheFolderThatCannotBeWritten() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> new NativeFolder(file).unpack(RESOURCES))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(file.toString());
    }

    @Test
    void shouldReplaceAFileOfTheRightLengthWithOtherContents() throws IOException {
        Path file = new NativeFolder(folder).unpack(RESOURCES).orElseThrow().getFirst();
        byte[] good = Files.readAllBytes(file);
        byte[] bad = good.clone();
        bad[good.length / 2] ^= 1;
        Files.write(file, bad);
        assertThat(new NativeFolder(folder).unpack(RESOURCES)).isPresent();
        assertThat(file).hasBinaryContent(good);
    }
}
