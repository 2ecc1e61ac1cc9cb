import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.minidev.json.JSONArray;
import net.minidev.json.JSONObject;
import net.minidev.json.JSONStyle;
import net.minidev.json.JSONValue;
import net.minidev.json.parser.JSONParser;
import org.apache.velocity.Template;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.event.InvalidReferenceEventHandler;
import org.apache.velocity.context.Context;
import org.apache.velocity.runtime.RuntimeInstance;
import org.apache.velocity.util.introspection.Info;
import org.apache.velocity.util.introspection.SecureUberspector;

/**
 * Times renders by Apache Velocity 1.7, from the bytes of a body to the bytes of the output.
 *
 * <p>A line of standard input that begins with <code>{</code> is a case: <code>name</code>, <code>template</code>,
 * <code>body</code>, <code>params</code> by place, <code>context</code> and <code>stageVariables</code>. It is parsed,
 * warmed up and answered with its output as JSON text. Any other line is a number and the name of a case: that many
 * renders, answered with the nanoseconds they took.
 */
public final class Bench {
    private static final int WARM_UP_RENDERS = 20_000;

    /** A failed look-up is the empty string. */
    public static final class EmptyString implements InvalidReferenceEventHandler {
        @Override
        public Object invalidGetMethod(Context context, String name, Object on, String property, Info info) {
            return "";
        }

        @Override
        public boolean invalidSetMethod(Context context, String left, String right, Info info) {
            return false;
        }

        @Override
        public Object invalidMethod(Context context, String name, Object on, String method, Info info) {
            return "";
        }
    }

    /** The variable <code>$input</code>. */
    public static final class Input {
        private static final String[] PLACES = {"path", "querystring", "header"};
        private final byte[] body;
        private final Map<String, Map<String, String>> parameters;

        Input(byte[] body, Map<String, Map<String, String>> parameters) {
            this.body = body;
            this.parameters = parameters;
        }

        /** Follows names behind <code>$</code>; more of JSONPath is not asked for. */
        public Object path(String path) throws Exception {
            Object found = read(new String(body, StandardCharsets.UTF_8));
            for (int from = 1; from < path.length(); ) {
                int end = path.indexOf('.', from + 1);
                end = end < 0 ? path.length() : end;
                found = ((Map<?, ?>) found).get(path.substring(from + 1, end));
                from = end;
            }
            return found;
        }

        public String json(String path) throws Exception {
            Object found = path(path);
            if (found instanceof Map) {
                return JSONObject.toJSONString((Map<String, ?>) found, JSONStyle.LT_COMPRESS);
            }
            if (found instanceof List) {
                return JSONArray.toJSONString((List<?>) found, JSONStyle.LT_COMPRESS);
            }
            return JSONValue.toJSONString(found, JSONStyle.LT_COMPRESS);
        }

        public String params(String name) {
            for (String place : PLACES) {
                String value = parameters.get(place).get(name);
                if (value != null) {
                    return value;
                }
            }
            return "";
        }
    }

    private final Template template = new Template();
    private final byte[] body;
    private final Map<String, Map<String, String>> parameters;
    private final Object context;
    private final Object stageVariables;

    private Bench(RuntimeInstance runtime, Map<String, Object> given) throws Exception {
        String name = (String) given.get("name");
        template.setRuntimeServices(runtime);
        template.setName(name);
        template.setData(runtime.parse(new StringReader((String) given.get("template")), name));
        template.initDocument();
        body = ((String) given.get("body")).getBytes(StandardCharsets.UTF_8);
        parameters = (Map<String, Map<String, String>>) given.get("params");
        context = given.get("context");
        stageVariables = given.get("stageVariables");
    }

    private byte[] render() throws Exception {
        VelocityContext variables = new VelocityContext();
        variables.put("input", new Input(body, parameters));
        variables.put("context", context);
        variables.put("stageVariables", stageVariables);
        StringWriter output = new StringWriter();
        template.merge(variables, output);
        return output.toString().getBytes(StandardCharsets.UTF_8);
    }

    private long nanosecondsOf(int renders) throws Exception {
        long written = 0;
        long start = System.nanoTime();
        for (int render = 0; render < renders; render++) {
            written += render().length;
        }
        long nanoseconds = System.nanoTime() - start;
        if (written == 0) {
            throw new IllegalStateException("nothing was rendered");
        }
        return nanoseconds;
    }

    /** Reads leniently, as the API Gateway stack does, and keeps the order of members. */
    private static Object read(String json) throws Exception {
        return new JSONParser(JSONParser.MODE_PERMISSIVE).parse(json, JSONValue.defaultReader.DEFAULT_ORDERED);
    }

    private static RuntimeInstance runtime() throws Exception {
        RuntimeInstance runtime = new RuntimeInstance();
        runtime.setProperty("runtime.log.logsystem.class", "org.apache.velocity.runtime.log.NullLogChute");
        runtime.setProperty("velocimacro.library", "");
        runtime.setProperty("velocimacro.permissions.allow.inline", "false");
        runtime.setProperty("eventhandler.invalidreferences.class", EmptyString.class.getName());
        runtime.setProperty("runtime.introspector.uberspect", SecureUberspector.class.getName());
        runtime.setProperty("directive.foreach.maxloops", "1000");
        runtime.init();
        return runtime;
    }

    public static void main(String[] arguments) throws Exception {
        RuntimeInstance runtime = runtime();
        Map<String, Bench> cases = new LinkedHashMap<>();
        PrintStream answers = new PrintStream(System.out, true, "UTF-8");
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = lines.readLine()) != null; ) {
            if (line.startsWith("{")) {
                Map<String, Object> given = (Map<String, Object>) read(line);
                Bench bench = new Bench(runtime, given);
                cases.put((String) given.get("name"), bench);
                bench.nanosecondsOf(WARM_UP_RENDERS);
                String output = new String(bench.render(), StandardCharsets.UTF_8);
                answers.println(JSONValue.toJSONString(output, JSONStyle.NO_COMPRESS));
            } else {
                String[] words = line.split(" ", 2);
                answers.println(cases.get(words[1]).nanosecondsOf(Integer.parseInt(words[0])));
            }
        }
    }
}
