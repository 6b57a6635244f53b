package io.dunlin.checkpoint.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.dunlin.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTest {
    private final Storage storage = new LocalStorage();

    private static StoredTensor tensor(String name, StoredType dtype, long... extents) {
        return new StoredTensor(name, dtype, Shape.of(extents), 0, 0);
    }

    private Path written(Path path, Map<String, String> metadata, List<StoredTensor> tensors, byte[]... contents)
            throws IOException {
        try (SafetensorsWriter writer = SafetensorsWriter.create(storage, path, tensors, metadata)) {
            for (StoredTensor tensor : writer.order()) {
                for (int i = 0; i < tensors.size(); i++) {
                    if (tensors.get(i).name().equals(tensor.name())) {
                        writer.append(tensor, MemorySegment.ofArray(contents[i]));
                    }
                }
            }
            SafetensorsWriter.WrittenFile file = writer.finish();
            assertThat(Files.size(path)).isEqualTo(file.bytes());
            assertThat(SafetensorsWriter.bytesFor(tensors, metadata)).isEqualTo(file.bytes());
        }
        return path;
    }

    @Test
    void shouldWriteExactlyTheBytesOfTheOfficialLibrary(@TempDir Path folder) throws IOException {
        Path path = written(
                folder.resolve("golden.safetensors"),
                Map.of("format", "pt"),
                List.of(tensor("b", StoredType.BF16, 3), tensor("a", StoredType.F32, 1, 2)),
                new byte[] {1, 2, 3, 4, 5, 6},
                new byte[] {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, 0x40});
        String json = "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],"
                + "\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[8,14]}}";
        int padded = (json.length() + 7) / 8 * 8;
        String expected = HexFormat.of().toHexDigits((byte) padded) + "00000000000000"
                + HexFormat.of().formatHex((json + " ".repeat(padded - json.length())).getBytes(StandardCharsets.UTF_8))
                + "0000803f00000040" + "010203040506";
        assertThat(HexFormat.of().formatHex(Files.readAllBytes(path))).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny", "llama-tiny"})
    void shouldRewriteAFileOfTheOfficialLibraryByteForByte(String model, @TempDir Path folder) throws Exception {
        Path original = Path.of(
                getClass().getResource("/" + model + "/model.safetensors").toURI());
        Path copy = folder.resolve("copy.safetensors");
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsFile file = SafetensorsFile.open(storage, original, arena);
            List<StoredTensor> shuffled = new ArrayList<>(file.tensors());
            java.util.Collections.shuffle(shuffled, new Random(3));
            try (SafetensorsWriter writer = SafetensorsWriter.create(storage, copy, shuffled, file.metadata())) {
                for (StoredTensor tensor : writer.order()) {
                    writer.append(tensor, file.bytes(tensor));
                }
                writer.finish();
            }
        }
        assertThat(Files.mismatch(original, copy)).isEqualTo(-1);
    }

    @Test
    void shouldReadBackEveryTypeShapeAndName(@TempDir Path folder) throws IOException {
        List<StoredTensor> tensors = List.of(
                tensor("bytes", StoredType.I8, 3),
                tensor("halves", StoredType.F16, 2, 1),
                tensor("scalar", StoredType.F64),
                tensor("none", StoredType.I64, 4, 0),
                tensor("quotes \" and \\ and ö 漢", StoredType.I32, 1));
        Path path = written(
                folder.resolve("all.safetensors"),
                Map.of("k", "v\n"),
                tensors,
                new byte[] {1, 2, 3},
                new byte[] {4, 5, 6, 7},
                new byte[] {8, 9, 10, 11, 12, 13, 14, 15},
                new byte[0],
                new byte[] {16, 17, 18, 19});
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsFile file = SafetensorsFile.open(storage, path, arena);
            assertThat(file.metadata()).containsExactlyEntriesOf(Map.of("k", "v\n"));
            assertThat(file.tensors()).hasSize(5);
            for (StoredTensor tensor : tensors) {
                StoredTensor found = file.tensor(tensor.name()).orElseThrow();
                assertThat(found.dtype()).isEqualTo(tensor.dtype());
                assertThat(found.shape()).isEqualTo(tensor.shape());
            }
            assertThat(file.bytes(file.tensor("halves").orElseThrow()).toArray(ValueLayout.JAVA_BYTE))
                    .containsExactly(4, 5, 6, 7);
            assertThat(file.tensor("absent")).isEmpty();
        }
    }

    @Test
    void shouldReadAFileWithoutTensors(@TempDir Path folder) throws IOException {
        Path path = written(folder.resolve("empty.safetensors"), Map.of(), List.of());
        assertThat(Files.readAllBytes(path))
                .containsExactly(8, 0, 0, 0, 0, 0, 0, 0, '{', '}', ' ', ' ', ' ', ' ', ' ', ' ');
        try (Arena arena = Arena.ofConfined()) {
            assertThat(SafetensorsFile.open(storage, path, arena).tensors()).isEmpty();
        }
    }

    @Test
    void shouldMapTensorsBeyondTwoGigabytes(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("large.safetensors");
        long elements = (5L << 30) / 4;
        String json = ("{\"w\":{\"dtype\":\"F32\",\"shape\":[%d],\"data_offsets\":[0,%d]}}")
                .formatted(elements, elements * 4);
        try (FileChannel channel = FileChannel.open(
                path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            channel.write(head(json.length()).flip());
            channel.write(ByteBuffer.wrap(json.getBytes(StandardCharsets.UTF_8)));
            channel.write(ByteBuffer.wrap(new byte[] {0, 0, 0, 0x40}), 8 + json.length() + elements * 4 - 4);
        }
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsFile file = SafetensorsFile.open(storage, path, arena);
            MemorySegment bytes = file.bytes(file.tensor("w").orElseThrow());
            assertThat(bytes.byteSize()).isEqualTo(5L << 30);
            assertThat(bytes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, (5L << 30) - 4))
                    .isEqualTo(2f);
        }
    }

    @Test
    void shouldTakeTensorsInPieces(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("pieces.safetensors");
        byte[] bytes = new byte[3 << 20];
        new Random(5).nextBytes(bytes);
        MemorySegment all = MemorySegment.ofArray(bytes);
        try (SafetensorsWriter writer =
                SafetensorsWriter.create(storage, path, List.of(tensor("w", StoredType.I8, bytes.length)), Map.of())) {
            StoredTensor tensor = writer.order().getFirst();
            writer.append(tensor, all.asSlice(0, 1_234_567));
            writer.append(tensor, all.asSlice(1_234_567));
            assertThat(writer.finish().tensors().getFirst().crc32c()).isEqualTo(Crc32c.of(bytes));
        }
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsFile file = SafetensorsFile.open(storage, path, arena);
            assertThat(file.bytes(file.tensors().iterator().next()).mismatch(all))
                    .isEqualTo(-1);
        }
    }

    @Test
    void shouldRefuseToFinishAnUnfinishedFile(@TempDir Path folder) throws IOException {
        try (SafetensorsWriter writer = SafetensorsWriter.create(
                storage,
                folder.resolve("f"),
                List.of(tensor("a", StoredType.I8, 2), tensor("b", StoredType.I8, 1)),
                Map.of())) {
            StoredTensor a = writer.order().get(0);
            StoredTensor b = writer.order().get(1);
            assertThatThrownBy(() -> writer.append(b, MemorySegment.ofArray(new byte[1])))
                    .hasMessageContaining("not the turn of b");
            writer.append(a, MemorySegment.ofArray(new byte[1]));
            assertThatThrownBy(writer::finish).hasMessageContaining("tensor a is not complete");
            assertThatThrownBy(() -> writer.append(a, MemorySegment.ofArray(new byte[2])))
                    .hasMessageContaining("more than 2 bytes");
        }
        assertThatThrownBy(() -> SafetensorsWriter.bytesFor(
                        List.of(tensor("a", StoredType.I8, 2), tensor("a", StoredType.F32, 1)), Map.of()))
                .hasMessageContaining("used twice");
    }

    /** Headers that the official reader refuses, and what we say about them. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    not json                                                                        | is not JSON
                    [1]                                                                             | not a JSON object
                    {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} {}                       | is not JSON
                    {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}} | is not JSON
                    {"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}                          | unknown dtype 'F31'
                    {"a":{"dtype":"F32","shape":[1]}}                                               | lacks dtype, shape or data_offsets
                    {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}                          | needs 8 bytes, its data_offsets are 0..4
                    {"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}                         | -1 is not a count
                    {"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}                        | 1.0 is not a count
                    {"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}                          | needs 4 bytes
                    {"a":{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,4]}}      | larger than any file
                    {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}} | overlap
                    {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}} | hole
                    {"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}                          | hole
                    {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}                          | describes 4 bytes of data, the file holds 8
                    {"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}                         | describes 16 bytes of data, the file holds 8
                    {"__metadata__":{"a":1}}                                                        | is not text
                    {"__metadata__":[]}                                                             | is not an object
                    {"a":7}                                                                         | lacks dtype
                    """)
    void shouldRefuse(String json, String why) throws IOException {
        Path path = Jimfs.newFileSystem(Configuration.unix().toBuilder()
                        .setWorkingDirectory("/data")
                        .build())
                .getPath("/data/bad.safetensors");
        byte[] text = json.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + text.length + 8).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(text.length).put(text);
        Files.write(path, bytes.array());
        assertThatThrownBy(() -> SafetensorsFile.open(storage, path, Arena.ofAuto()))
                .isInstanceOfSatisfying(
                        CheckpointException.class, e -> assertThat(e.error()).isEqualTo(CheckpointError.FILE_DAMAGED))
                .hasMessageStartingWith("/data/bad.safetensors: ")
                .hasMessageContaining(why);
    }

    @Test
    void shouldRefuseEveryTruncation(@TempDir Path folder) throws IOException {
        Path path = written(folder.resolve("whole"), Map.of(), List.of(tensor("a", StoredType.F32, 2)), new byte[8]);
        byte[] whole = Files.readAllBytes(path);
        for (int length = 0; length < whole.length; length++) {
            Files.write(path, java.util.Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> SafetensorsFile.open(storage, path, Arena.ofAuto()))
                    .as("%d bytes", length)
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining(path.toString());
        }
    }

    @Test
    void shouldRefuseAnAbsurdHeaderLength(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("f");
        for (long length : new long[] {-1, Long.MIN_VALUE, 100_000_001, 9}) {
            Files.write(path, head(length).putLong(0).array());
            assertThatThrownBy(() -> SafetensorsFile.open(storage, path, Arena.ofAuto()))
                    .isInstanceOf(CheckpointException.class);
        }
        assertThatThrownBy(() -> SafetensorsFile.open(storage, folder.resolve("absent"), Arena.ofAuto()))
                .hasMessageContaining("no such file");
    }

    @Property(tries = 200)
    void shouldNeverFailOtherwiseThanTyped(@ForAll @LongRange(min = 0) long seed) throws Exception {
        byte[] whole = Files.readAllBytes(
                Path.of(getClass().getResource("/gpt2-tiny/model.safetensors").toURI()));
        Random random = new Random(seed);
        for (int i = 0; i < 3; i++) {
            whole[8 + random.nextInt(3_752)] = (byte) random.nextInt(256);
        }
        Path path = Jimfs.newFileSystem(Configuration.unix().toBuilder()
                        .setWorkingDirectory("/data")
                        .build())
                .getPath("/data/fuzz");
        Files.write(path, whole);
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsFile file = SafetensorsFile.open(storage, path, arena);
            assertThat(file.tensors().stream().mapToLong(StoredTensor::bytes).sum())
                    .isEqualTo(682_240);
        } catch (CheckpointException e) {
            assertThat(e.error()).isEqualTo(CheckpointError.FILE_DAMAGED);
        }
    }

    @Test
    void shouldComputeTheChecksumOfTheStandard() {
        assertThat(Crc32c.text(Crc32c.of("123456789".getBytes(StandardCharsets.US_ASCII))))
                .isEqualTo("e3069283");
        byte[] zeros = new byte[32];
        assertThat(Crc32c.text(Crc32c.of(zeros))).isEqualTo("8a9136aa");
        Crc32c inPieces = new Crc32c();
        inPieces.update(MemorySegment.ofArray(zeros).asSlice(0, 7));
        inPieces.update(MemorySegment.ofArray(zeros).asSlice(7));
        assertThat(inPieces.value()).isEqualTo(Crc32c.of(zeros));
    }

    private static ByteBuffer head(long jsonBytes) {
        ByteBuffer head = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        head.putLong(jsonBytes);
        return head;
    }
}
