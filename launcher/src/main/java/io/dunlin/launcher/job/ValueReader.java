package io.dunlin.launcher.job;

import io.dunlin.launcher.place.DeviceChoice;
import io.dunlin.model.Precision;
import io.dunlin.model.Recompute;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.ShardScheme;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.tomlj.TomlArray;

/** Turns what TOML can say into what a setting is, and back. */
final class ValueReader {
    private static final Pattern DURATION = Pattern.compile("(\\d+)\\s*(ms|s|m|h)");

    private ValueReader() {}

    /** The value does not fit; the message says what is expected. */
    static final class Unfit extends Exception {
        private static final long serialVersionUID = 1L;

        Unfit(String message) {
            super(message);
        }
    }

    /** The value of {@code key} that {@code value} stands for. */
    static Object read(JobSchema.Key key, Object value) throws Unfit {
        return read(key.type(), key.setting(), value);
    }

    private static Object read(Type type, Setting setting, Object value) throws Unfit {
        if (type instanceof ParameterizedType list && list.getRawType() == List.class) {
            return list(list.getActualTypeArguments()[0], setting, value);
        }
        Class<?> raw = (Class<?>) type;
        if (raw.isEnum()) {
            return word(raw, value);
        }
        return switch (raw.getName()) {
            case "long" -> whole(setting, value, Long.MAX_VALUE);
            case "int" -> (int) whole(setting, value, Integer.MAX_VALUE);
            case "double", "java.lang.Double" -> number(setting, value);
            case "float" -> (float) number(setting, value);
            case "boolean" -> truth(value);
            case "java.lang.String" -> text(value);
            case "java.time.Duration" -> duration(value);
            case "io.dunlin.launcher.job.Interval" -> interval(value);
            case "io.dunlin.launcher.job.Degree" -> degree(value);
            case "io.dunlin.parallel.mesh.ShardDegrees" -> shard(value);
            default -> throw new IllegalStateException("no reader for " + raw);
        };
    }

    private static List<Object> list(Type element, Setting setting, Object value) throws Unfit {
        if (!(value instanceof TomlArray array)) {
            String example = setting.standard().equals("[]") ? "[\"a\", \"b\"]" : setting.standard();
            throw new Unfit("expects a list such as " + example + ", found " + show(value));
        }
        Object[] items = new Object[array.size()];
        for (int i = 0; i < items.length; i++) {
            items[i] = read(element, setting, array.get(i));
        }
        return List.of(items);
    }

    private static long whole(Setting setting, Object value, long largest) throws Unfit {
        if (!(value instanceof Long number)) {
            throw new Unfit("expects a whole number, found " + show(value));
        }
        if (number > largest) {
            throw new Unfit("must be at most " + largest + ", found " + number);
        }
        inRange(setting, number, value);
        return number;
    }

    private static double number(Setting setting, Object value) throws Unfit {
        if (!(value instanceof Long || value instanceof Double)) {
            throw new Unfit("expects a number, found " + show(value));
        }
        double number = ((Number) value).doubleValue();
        if (!Double.isFinite(number)) {
            throw new Unfit("must be a finite number, found " + show(value));
        }
        inRange(setting, number, value);
        return number;
    }

    private static void inRange(Setting setting, double number, Object value) throws Unfit {
        if (number <= setting.above()) {
            throw new Unfit("must be larger than " + bound(setting.above()) + ", found " + show(value));
        }
        if (number < setting.min()) {
            throw new Unfit("must be at least " + bound(setting.min()) + ", found " + show(value));
        }
        if (number > setting.max()) {
            throw new Unfit("must be at most " + bound(setting.max()) + ", found " + show(value));
        }
    }

    private static String bound(double number) {
        return number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number);
    }

    private static boolean truth(Object value) throws Unfit {
        if (value instanceof Boolean truth) {
            return truth;
        }
        throw new Unfit("expects true or false, found " + show(value));
    }

    private static String text(Object value) throws Unfit {
        if (value instanceof String text) {
            return text;
        }
        throw new Unfit("expects text in quotes, found " + show(value));
    }

    private static Duration duration(Object value) throws Unfit {
        return (value instanceof String text ? parseDuration(text) : Optional.<Duration>empty())
                .filter(found -> !found.isZero())
                .orElseThrow(
                        () -> new Unfit("expects a time such as \"100s\", \"20m\" or \"1h\", found " + show(value)));
    }

    private static Optional<Duration> parseDuration(String text) {
        Matcher matcher = DURATION.matcher(text.strip());
        if (!matcher.matches() || matcher.group(1).length() > 12) {
            return Optional.empty();
        }
        long amount = Long.parseLong(matcher.group(1));
        return Optional.of(
                switch (matcher.group(2)) {
                    case "ms" -> Duration.ofMillis(amount);
                    case "s" -> Duration.ofSeconds(amount);
                    case "m" -> Duration.ofMinutes(amount);
                    default -> Duration.ofHours(amount);
                });
    }

    private static Interval interval(Object value) throws Unfit {
        if (value instanceof Long steps && steps >= 0) {
            return steps == 0 ? new Interval.Never() : new Interval.Steps(steps);
        }
        if (value instanceof String text) {
            Optional<Duration> time = parseDuration(text).filter(found -> !found.isZero());
            if (time.isPresent()) {
                return new Interval.Every(time.get());
            }
        }
        throw new Unfit("expects a number of steps such as 500, or a time such as \"20m\", found " + show(value));
    }

    private static Degree degree(Object value) throws Unfit {
        if (value instanceof Long ranks && ranks >= 1 && ranks <= 1 << 20) {
            return new Degree.Of(Math.toIntExact(ranks));
        }
        if ("rest".equals(value)) {
            return new Degree.Rest();
        }
        throw new Unfit("expects a number of ranks from 1, or \"rest\", found " + show(value));
    }

    private static Object word(Class<?> type, Object value) throws Unfit {
        List<String> words =
                Arrays.stream(type.getEnumConstants()).map(ValueReader::wordOf).toList();
        int found = value instanceof String text ? words.indexOf(text) : -1;
        if (found < 0) {
            throw none(words, "", value);
        }
        return type.getEnumConstants()[found];
    }

    private static Unfit none(List<String> words, String more, Object value) {
        String hint = (value instanceof String text ? Nearest.to(text, words) : Optional.<String>empty())
                .map(near -> ". Did you mean \"" + near + "\"?")
                .orElse("");
        String all = words.stream().map(word -> '"' + word + '"').collect(Collectors.joining(" or "));
        return new Unfit("expects " + all + more + ", found " + show(value) + hint);
    }

    private static ShardDegrees shard(Object value) throws Unfit {
        Optional<ShardDegrees> degrees = value instanceof String text ? ShardDegrees.parse(text) : Optional.empty();
        List<String> names =
                Arrays.stream(ShardScheme.values()).map(ShardScheme::label).toList();
        return degrees.orElseThrow(() -> none(names, " or nested levels such as \"none-host-cluster\"", value));
    }

    private static String wordOf(Object constant) {
        return switch (constant) {
            case Precision precision -> precision.label();
            case Recompute recompute -> recompute.label();
            case DeviceChoice device -> device.label();
            default -> ((Enum<?>) constant).name().toLowerCase(Locale.ROOT).replace('_', '-');
        };
    }

    /** A value of a setting, or of TOML, as it is written in a job file. */
    static String show(Object value) {
        return switch (value) {
            case String text ->
                '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
            case Double number -> shortest(Double.toString(number));
            case Float number -> shortest(Float.toString(number));
            case Duration time -> '"' + showDuration(time) + '"';
            case Interval.Never() -> "0";
            case Interval.Steps(long steps) -> Long.toString(steps);
            case Interval.Every(Duration time) -> show(time);
            case Degree.Rest() -> "\"rest\"";
            case ShardDegrees degrees -> show(degrees.label());
            case Degree.Of(int ranks) -> Integer.toString(ranks);
            case Enum<?> constant -> '"' + wordOf(constant) + '"';
            case List<?> list -> list.stream().map(ValueReader::show).collect(Collectors.joining(", ", "[", "]"));
            case TomlArray array ->
                show(IntStream.range(0, array.size()).mapToObj(array::get).toList());
            case org.tomlj.TomlTable _ -> "a table";
            default -> value.toString();
        };
    }

    private static String shortest(String number) {
        return number.replace(".0E", "e").replace('E', 'e');
    }

    private static String showDuration(Duration time) {
        if (time.toMillis() % 1000 != 0) {
            return time.toMillis() + "ms";
        }
        long seconds = time.toSeconds();
        return seconds % 60 != 0 || seconds < 180 ? seconds + "s" : seconds / 60 + "m";
    }
}
