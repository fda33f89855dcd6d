<?php
/**
 * Runs the WordPress plugin on as much of WordPress as it calls, and prints what it made as JSON: the scripts that it
 * enqueued, a tag before and after its filter, what its settings become, and its settings page.
 *
 * php wordpress.php PLUGIN SAVED, where SAVED is the saved option as JSON.
 */

define( 'ABSPATH', __DIR__ );

$hooks    = array();
$scripts  = array();
$settings = array();

function add_action( string $hook, callable $callback ): void {
	$GLOBALS['hooks'][ $hook ] = $callback;
}
function add_filter( string $hook, callable $callback, int $priority = 10, int $arguments = 1 ): void {
	$GLOBALS['hooks'][ $hook ] = $callback;
}
function get_option( string $name, $default = false ) {
	return 'ringtrace' === $name ? json_decode( $GLOBALS['argv'][2], true ) : $default;
}
function wp_parse_args( array $args, array $defaults ): array {
	return array_merge( $defaults, $args );
}
function untrailingslashit( string $text ): string {
	return rtrim( $text, '/\\' );
}
function esc_url_raw( string $url, array $protocols ): string {
	return in_array( parse_url( $url, PHP_URL_SCHEME ), $protocols, true ) ? str_replace( array( '"', '<', '>', ' ' ), '', $url ) : '';
}
function esc_attr( $text ): string {
	return htmlspecialchars( (string) $text, ENT_QUOTES );
}
function esc_html( $text ): string {
	return htmlspecialchars( (string) $text, ENT_QUOTES );
}
function __( string $text, string $domain ): string {
	return $text;
}
function esc_html_e( string $text, string $domain ): void {
	echo esc_html( $text );
}
function selected( $one, $other ): void {
	echo $one === $other ? 'selected="selected"' : '';
}
function wp_enqueue_script( string $handle, string $address, array $needs, $version, array $options ): void {
	$GLOBALS['scripts'][] = compact( 'handle', 'address', 'version', 'options' );
}
function register_setting( string $group, string $name, array $options ): void {
	$GLOBALS['settings'][ $name ] = $options;
}
function add_options_page( string $title, string $menu, string $capability, string $slug, callable $page ): void {
	ob_start();
	$page();
	$GLOBALS['page'] = array( $capability, ob_get_clean() );
}
function settings_fields( string $group ): void {
	echo '<input type="hidden" name="option_page" value="' . esc_attr( $group ) . '">';
}
function submit_button(): void {
	echo '<button>Save</button>';
}

// Whatever PHP itself complains of is a failure.
set_error_handler(
	function ( int $level, string $what ): void {
		throw new ErrorException( $what, 0, $level );
	}
);

require $argv[1];
$hooks['wp_enqueue_scripts']();
$hooks['admin_init']();
$hooks['admin_menu']();
$tag = "<script src='https://calls.example.com/rt.js' id='ringtrace-js' async></script>\n";
echo json_encode(
	array(
		'scripts' => $scripts,
		'tag'     => $hooks['script_loader_tag']( $tag, 'ringtrace' ),
		'other'   => $hooks['script_loader_tag']( $tag, 'jquery' ) === $tag,
		'saved'   => $settings['ringtrace']['sanitize_callback']( json_decode( $argv[2], true ) ),
		'page'    => $page,
	)
);
