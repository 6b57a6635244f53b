package io.dunlin.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.checkpoint.Manifest.DataFile;
import io.dunlin.checkpoint.Manifest.SavedSlice;
import io.dunlin.checkpoint.format.Crc32c;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.TensorSlice;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ManifestCodecTest {
    private static final Manifest MANIFEST = new Manifest(
            SampleRun.state(500),
            3,
            Instant.parse("2026-01-02T03:04:05.000006Z"),
            List.of(
                    new DataFile(
                            "rank-00000.safetensors",
                            5_000_000_000L,
                            128,
                            0xfedcba98,
                            List.of(
                                    new SavedSlice(new TensorSlice("h.0.w", Shape.of(4, 5), 3, 7), DType.F32, 128, -1),
                                    new SavedSlice(
                                            TensorSlice.whole("scale", Shape.of()), DType.BF16, 156, 0x0000000a))),
                    new DataFile("rank-00001.safetensors", 16, 16, 0, List.of())));

    @Test
    void shouldReadWhatItWrote() {
        assertThat(ManifestCodec.decode(ManifestCodec.encode(MANIFEST), "manifest.json"))
                .isEqualTo(MANIFEST);
    }

    @Test
    void shouldBeginWithItsMagicHaveALineForEachTensorAndEndWithItsChecksum() {
        String text = new String(ManifestCodec.encode(MANIFEST), StandardCharsets.UTF_8);
        assertThat(text).startsWith("{\"dunlin\":\"checkpoint\",\"version\":1,\n");
        assertThat(text.lines().filter(line -> line.contains("\"dtype\""))).hasSize(2);
        int tail = text.lastIndexOf("\"crc32c\"");
        byte[] body = text.substring(0, tail).getBytes(StandardCharsets.UTF_8);
        assertThat(text.substring(tail)).isEqualTo("\"crc32c\":\"" + Crc32c.text(Crc32c.of(body)) + "\"}\n");
    }

    @Test
    void shouldSayWhatANewerVersionIs() {
        String text = new String(ManifestCodec.encode(MANIFEST), StandardCharsets.UTF_8)
                .replace("\"version\":1", "\"version\":2");
        String body = text.substring(0, text.lastIndexOf("\"crc32c\""));
        byte[] bytes = (body + "\"crc32c\":\"" + Crc32c.text(Crc32c.of(body.getBytes(StandardCharsets.UTF_8)))
                        + "\"}\n")
                .getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> ManifestCodec.decode(bytes, "manifest.json"))
                .hasMessage("manifest.json is of version 2, this Dunlin knows version 1");
    }

    @Test
    void shouldRefuseWrongContentUnderARightChecksum() {
        for (String wrong :
                List.of("\"epoch\":\"x\"", "\"dtype\":\"F7\"", "\"length\":-1", "\"shape\":[9223372036854775807,9]")) {
            String text = new String(ManifestCodec.encode(MANIFEST), StandardCharsets.UTF_8);
            String key = wrong.substring(0, wrong.indexOf(':') + 1);
            String body =
                    text.substring(0, text.lastIndexOf("\"crc32c\"")).replaceFirst(key + "(\\[[^]]*]|[^,}]*)", wrong);
            byte[] bytes = (body + "\"crc32c\":\"" + Crc32c.text(Crc32c.of(body.getBytes(StandardCharsets.UTF_8)))
                            + "\"}\n")
                    .getBytes(StandardCharsets.UTF_8);
            assertThatThrownBy(() -> ManifestCodec.decode(bytes, "manifest.json"))
                    .as(wrong)
                    .hasMessageContaining("wrong content");
        }
    }
}
