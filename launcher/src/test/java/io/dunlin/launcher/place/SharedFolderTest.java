package io.dunlin.launcher.place;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedFolderTest {
    @TempDir
    Path parent;

    @Test
    void shouldBeRemovedByTheLastUserToLeave() throws IOException {
        SharedFolder folder = SharedFolder.create(parent, "r1");
        Files.createDirectories(folder.aeronDir().resolve("publications"));
        Files.writeString(folder.aeronDir().resolve("cnc.dat"), "x");

        assertThat(folder.leave()).isTrue();

        assertThat(folder.root()).doesNotExist();
        assertThat(parent).isEmptyDirectory();
    }

    @Test
    void shouldNotBeRemovedWhileAnotherProcessUsesIt() throws Exception {
        SharedFolder folder = SharedFolder.create(parent, "r1");
        Process other = OtherUser.start(folder.root());

        assertThat(folder.leave()).isFalse();
        assertThat(folder.root()).exists();

        other.destroyForcibly().waitFor();
        Files.writeString(folder.root().resolve("owner"), Long.toString(other.pid()));
        assertThat(SharedFolder.sweep(parent)).containsExactly(folder.root());
        assertThat(folder.root()).doesNotExist();
    }

    @Test
    void shouldNotSweepWhatALivingOwnerHolds() throws IOException {
        SharedFolder folder = SharedFolder.create(parent, "r1");

        assertThat(SharedFolder.sweep(parent)).isEmpty();
        assertThatThrownBy(() -> SharedFolder.create(parent, "r1")).isInstanceOf(FileAlreadyExistsException.class);

        assertThat(folder.leave()).isTrue();
    }

    @Test
    void shouldLeaveFoldersOfOthersAlone() throws IOException {
        Files.createDirectories(parent.resolve("dunlin-without-lock"));
        Files.createDirectories(parent.resolve("something"));

        assertThat(SharedFolder.sweep(parent)).isEmpty();
        assertThat(parent.resolve("something")).exists();
    }

    /** Holds the folder until it is killed. */
    static final class OtherUser {
        static Process start(Path root) throws IOException {
            Process process = new ProcessBuilder(
                            ProcessHandle.current().info().command().orElseThrow(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            OtherUser.class.getName(),
                            root.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            assertThat(process.inputReader().readLine()).isEqualTo("joined");
            return process;
        }

        public static void main(String[] arguments) throws IOException {
            SharedFolder.join(Path.of(arguments[0]));
            System.out.println("joined");
            System.in.read();
        }
    }
}
