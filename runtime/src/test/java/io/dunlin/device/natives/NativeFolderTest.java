package io.dunlin.device.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
            assertThat(all.filter(Files::isRegularFile)
                            .map(file -> file.getFileName().toString()))
                    .as("each file and its marker")
                    .containsExactlyInAnyOrder("Assertions.class", "whole", "NativeFolderTest.class", "whole");
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

    @Test
    void shouldReplaceAFileThatWasReplacedBehindTheMarker() throws IOException {
        Path file = new NativeFolder(folder).unpack(RESOURCES).orElseThrow().getFirst();
        byte[] good = Files.readAllBytes(file);
        byte[] bad = good.clone();
        bad[0] ^= 1;
        Path other = Files.write(folder.resolve("other"), bad);
        Files.setLastModifiedTime(other, Files.getLastModifiedTime(file));
        Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
        assertThat(new NativeFolder(folder).unpack(RESOURCES)).isPresent();
        assertThat(file).hasBinaryContent(good);
    }

    /** As the machine may leave it when it fails between the two renames, and as a former version left it. */
    @ParameterizedTest
    @ValueSource(strings = {"", "DUNWHOLE 1", "none"})
    void shouldReadAFileWhoseMarkerIsNotWhole(String marker) throws IOException {
        Path file = new NativeFolder(folder).unpack(RESOURCES).orElseThrow().getFirst();
        byte[] good = Files.readAllBytes(file);
        byte[] torn = new byte[good.length];
        System.arraycopy(good, 0, torn, 0, good.length / 2);
        FileTime stamp = Files.getLastModifiedTime(file);
        Files.write(file, torn);
        Files.setLastModifiedTime(file, stamp);
        Path markerFile = file.resolveSibling("whole");
        String whole = Files.readString(markerFile);
        if (marker.equals("none")) {
            Files.delete(markerFile);
        } else {
            Files.writeString(markerFile, marker);
        }
        assertThat(new NativeFolder(folder).unpack(RESOURCES)).isPresent();
        assertThat(file).hasBinaryContent(good);
        assertThat(markerFile).isNotEmptyFile();
        assertThat(Files.readString(markerFile))
                .startsWith("DUNWHOLE 1 Assertions.class")
                .hasSizeBetween(whole.length() - 8, whole.length() + 8);
    }

    /** That it is not read again is the purpose of the marker: it believes it even of a file that lies about its time. */
    @Test
    void shouldNotReadAMarkedFileAgain() throws IOException {
        Path file = new NativeFolder(folder).unpack(RESOURCES).orElseThrow().getFirst();
        FileTime stamp = Files.getLastModifiedTime(file);
        byte[] bad = Files.readAllBytes(file);
        bad[0] ^= 1;
        Files.write(file, bad);
        Files.setLastModifiedTime(file, stamp);
        assertThat(new NativeFolder(folder).unpack(RESOURCES)).isPresent();
        assertThat(file).hasBinaryContent(bad);
    }

    @Test
    void shouldUseAWholeFileInAFolderThatCannotBeWritten() throws IOException {
        Path file = new NativeFolder(folder).unpack(RESOURCES).orElseThrow().getFirst();
        Path marker = file.resolveSibling("whole");
        Files.delete(marker);
        Files.createDirectories(marker.resolve("in the way")); // permissions would not stop root
        assertThat(new NativeFolder(folder).unpack(RESOURCES).orElseThrow()).contains(file);
        assertThat(marker).isDirectory();
    }
}
